/* One row through the model. Replace the zeros by your sensor's readings. */
#include "model.h"

static model_scratch scratch;
static float row[MODEL_FEATURES];

int main(void)
{
    return (int)(model_predict(row, &scratch));
}
