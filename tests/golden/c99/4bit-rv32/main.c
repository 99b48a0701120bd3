/* One row through the model. Replace the zeros by your sensor's readings. */
#include "m_int_6da8.h"

static m_int_6da8_scratch scratch;
static float row[M_INT_6DA8_FEATURES];

int main(void)
{
    return (int)(m_int_6da8_predict(row, &scratch));
}
