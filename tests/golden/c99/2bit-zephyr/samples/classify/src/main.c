/* One row through the model. Replace the zeros by your sensor's readings. */
#include "vibration.h"

static vibration_scratch scratch;
static float row[VIBRATION_FEATURES];

int main(void)
{
    return (int)(vibration_predict(row, &scratch));
}
