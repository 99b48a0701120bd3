/* One row through the model. Replace the zeros by your sensor's readings. */
#include "poly.h"

static poly_scratch scratch;
static float row[POLY_FEATURES];

int main(void)
{
    return (int)(poly_predict(row, &scratch));
}
