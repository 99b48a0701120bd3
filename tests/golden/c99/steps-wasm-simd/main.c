/* One row through the model. Replace the zeros by your sensor's readings. */
#include "counted_steps_5349.h"

static counted_steps_5349_scratch scratch;
static float row[COUNTED_STEPS_5349_FEATURES];

int main(void)
{
    return (int)(counted_steps_5349_predict(row, &scratch));
}
