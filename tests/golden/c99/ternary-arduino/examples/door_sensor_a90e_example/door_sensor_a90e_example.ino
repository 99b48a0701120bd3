/* One row through the model. Replace the zeros by your sensor's readings. */
#include <door_sensor_a90e.h>

static door_sensor_a90e_scratch scratch;
static float row[DOOR_SENSOR_A90E_FEATURES];

static int32_t classify(void)
{
    return door_sensor_a90e_predict(row, &scratch);
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
