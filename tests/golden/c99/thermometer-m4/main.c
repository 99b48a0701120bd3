/* One row through the model. Replace the zeros by your sensor's readings. */
#include "growth.h"

static growth_scratch scratch;
static float row[GROWTH_FEATURES];

int main(void)
{
    growth_score_t scores[GROWTH_SCORES];

    growth_scores(row, scores, &scratch);
    return (int)((scores[0] >= 0) ? 1 : 0);
}
