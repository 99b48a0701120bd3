/* One row through the model. Replace the zeros by your sensor's readings. */
#include "tables.h"

static tables_scratch scratch;
static float row[TABLES_FEATURES];

int main(void)
{
    return (int)(tables_predict(row, &scratch));
}
