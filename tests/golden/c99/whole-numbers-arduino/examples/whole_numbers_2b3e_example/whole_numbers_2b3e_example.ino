/* One row through the model. Replace the zeros by your sensor's readings. */
#include <whole_numbers_2b3e.h>

static whole_numbers_2b3e_scratch scratch;
static uint8_t row[WHOLE_NUMBERS_2B3E_INPUTS];

static int32_t classify(void)
{
    return whole_numbers_2b3e_predict_from_codes(row, &scratch);
}

void setup()
{
    Serial.begin(115200);
}

void loop()
{
    Serial.println(classify());
    delay(1000);
}
