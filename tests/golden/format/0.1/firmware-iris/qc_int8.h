/* qc_int8.h: dot products of int8 weights and uint8 codes. Part of qcompile; C99, also C++. */
#ifndef QC_INT8_H
#define QC_INT8_H

#include <stddef.h>
#include <stdint.h>

#if defined(__ARM_FEATURE_DSP) && defined(QC_USE_DSP)

#include <arm_acle.h>

/* Four bytes in one load: these cores read words from any address. */
static inline uint32_t qc_read4(const void *p)
{
#if defined(__GNUC__)
    uint32_t x;
    (void)__builtin_memcpy(&x, p, 4U);
    return x;
#else
    const uint8_t *c = (const uint8_t *)p;
    return (uint32_t)c[0] | ((uint32_t)c[1] << 8) | ((uint32_t)c[2] << 16) | ((uint32_t)c[3] << 24);
#endif
}

/* Two rows at once: four inputs are widened once and meet four weights of each row. */
static inline void qc_int8_dot2(const int8_t *w0, const int8_t *w1, const uint8_t *x, size_t d, int32_t *z)
{
    int32_t a = 0;
    int32_t b = 0;
    size_t i;
    for (i = 0U; (i + 4U) <= d; i += 4U) {
        const uint32_t four = qc_read4(&x[i]);
        const int16x2_t even = (int16x2_t)__uxtb16(four);
        const int16x2_t odd = (int16x2_t)__uxtb16((four >> 8));
        const uint32_t u = qc_read4(&w0[i]);
        const uint32_t v = qc_read4(&w1[i]);
        a = __smlad((int16x2_t)__sxtb16((int8x4_t)u), even, a);
        a = __smlad((int16x2_t)__sxtb16((int8x4_t)((u >> 8) | (u << 24))), odd, a);
        b = __smlad((int16x2_t)__sxtb16((int8x4_t)v), even, b);
        b = __smlad((int16x2_t)__sxtb16((int8x4_t)((v >> 8) | (v << 24))), odd, b);
    }
    for (; i < d; ++i) {
        a += (int32_t)w0[i] * (int32_t)x[i];
        b += (int32_t)w1[i] * (int32_t)x[i];
    }
    z[0] = a;
    z[1] = b;
}

#else

/* Four inputs at a time, so that the loop's own work is shared by eight products. */
static inline void qc_int8_dot2(const int8_t *w0, const int8_t *w1, const uint8_t *x, size_t d, int32_t *z)
{
    int32_t a = 0;
    int32_t b = 0;
    size_t i;
    for (i = 0U; (i + 4U) <= d; i += 4U) {
        const int32_t x0 = (int32_t)x[i];
        const int32_t x1 = (int32_t)x[i + 1U];
        const int32_t x2 = (int32_t)x[i + 2U];
        const int32_t x3 = (int32_t)x[i + 3U];
        a += ((int32_t)w0[i] * x0) + ((int32_t)w0[i + 1U] * x1) + ((int32_t)w0[i + 2U] * x2)
            + ((int32_t)w0[i + 3U] * x3);
        b += ((int32_t)w1[i] * x0) + ((int32_t)w1[i + 1U] * x1) + ((int32_t)w1[i + 2U] * x2)
            + ((int32_t)w1[i + 3U] * x3);
    }
    for (; i < d; ++i) {
        a += (int32_t)w0[i] * (int32_t)x[i];
        b += (int32_t)w1[i] * (int32_t)x[i];
    }
    z[0] = a;
    z[1] = b;
}

#endif

#endif
