/* One row through the model. Replace the zeros by your sensor's readings. */
#include "bits.h"

static bits_scratch scratch;
static float row[BITS_FEATURES];

int main(void)
{
    return (int)(bits_predict(row, &scratch));
}
