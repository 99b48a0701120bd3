/* One row through the model. Replace the zeros by your sensor's readings. */
#include "deep_4_c229.h"

static deep_4_c229_scratch scratch;
static float row[DEEP_4_C229_FEATURES];

int main(void)
{
    return (int)(deep_4_c229_predict(row, &scratch));
}
