/* One row through the model. Replace the zeros by your sensor's readings. */
#include "dense.h"

static dense_scratch scratch;
static float row[DENSE_FEATURES];

int main(void)
{
    return (int)(dense_predict(row, &scratch));
}
