/* qc_float_key.h: float32 comparisons in integers. Part of qcompile; C99, also valid C++. */
#ifndef QC_FLOAT_KEY_H
#define QC_FLOAT_KEY_H

#include <stdint.h>

#define QC_KEY_INFINITE INT32_C(0x7f800000)

/* Magnitude bits with the sign: orders and equals as the floats do, both zeros give 0; a NaN's key
 * lies beyond plus or minus QC_KEY_INFINITE. */
static inline int32_t qc_float_key(float v)
{
    union {
        float value;
        uint32_t bits;
    } pun;
    int32_t magnitude;
    pun.value = v;
    magnitude = (int32_t)(pun.bits & UINT32_C(0x7fffffff));
    return ((pun.bits >> 31) != 0U) ? -magnitude : magnitude;
}

#endif
