/* One row through the model. Replace the zeros by your sensor's readings. */
#include "price.h"

static price_scratch scratch;
static float row[PRICE_FEATURES];

int main(void)
{
    price_score_t scores[PRICE_SCORES];

    price_scores(row, scores, &scratch);
    return (int)((scores[0] >= 0) ? 1 : 0);
}
