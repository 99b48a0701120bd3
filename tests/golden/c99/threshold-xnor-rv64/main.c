/* One row through the model. Replace the zeros by your sensor's readings. */
#include "words.h"

static words_scratch scratch;
static float row[WORDS_FEATURES];

int main(void)
{
    return (int)(words_predict(row, &scratch));
}
