/* One row through the model. Replace the zeros by your sensor's readings. */
#include "binary.h"

static binary_scratch scratch;
static float row[BINARY_FEATURES];

int main(void)
{
    return (int)(binary_predict(row, &scratch));
}
