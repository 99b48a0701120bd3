/* One row through the model. Replace the zeros by your sensor's readings. */
#include "wide.h"

static wide_scratch scratch;
static float row[WIDE_FEATURES];

int main(void)
{
    return (int)(wide_predict(row, &scratch));
}
