/* One row through the model. Replace the zeros by your sensor's readings. */
#include "squares.h"

static squares_scratch scratch;
static float row[SQUARES_FEATURES];

int main(void)
{
    return (int)(squares_predict(row, &scratch));
}
