/* One row through the model. Replace the zeros by your sensor's readings. */
#include "model.h"

static model_scratch scratch;
static float row[MODEL_FEATURES];

int main(void)
{
    model_score_t scores[MODEL_SCORES];

    model_scores(row, scores, &scratch);
    return (int)((scores[0] >= 0) ? 1 : 0);
}
