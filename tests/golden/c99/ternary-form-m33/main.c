/* One row through the model. Replace the zeros by your sensor's readings. */
#include "two_squares_c538.h"

static two_squares_c538_scratch scratch;
static float row[TWO_SQUARES_C538_FEATURES];

int main(void)
{
    return (int)(two_squares_c538_predict(row, &scratch));
}
