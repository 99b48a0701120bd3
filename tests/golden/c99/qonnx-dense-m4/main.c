/* One row through the model. Replace the zeros by your sensor's readings. */
#include "generated.h"

static generated_scratch scratch;
static float row[GENERATED_FEATURES];

int main(void)
{
    return (int)(generated_predict(row, &scratch));
}
