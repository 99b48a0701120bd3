/* qc_neon.h: dot products with AArch64 vector instructions, four rows at a time. Part of qcompile.
 *
 * Rows are padded with zeros to whole 128-bit vectors, so there is no tail to treat.
 */
#ifndef QC_NEON_H
#define QC_NEON_H

#include <arm_neon.h>

#include "qc_base.h"

/* Set bits of w ^ x, or of w & x where mask is not 0, in each byte. */
static inline uint8x16_t qc_neon_bits(const uint64_t *w, const uint64_t *x, int32_t mask)
{
    const uint8x16_t a = vreinterpretq_u8_u64(vld1q_u64(w));
    const uint8x16_t b = vreinterpretq_u8_u64(vld1q_u64(x));
    return vcntq_u8((mask != 0) ? vandq_u8(a, b) : veorq_u8(a, b));
}

/* Counts of four rows that are stride words apart; words is even and at most 62, so that a byte
 * (at most 8 * 31) cannot overflow. */
static inline int32x4_t qc_neon_count4(const uint64_t *w, size_t stride, const uint64_t *x, size_t words, int32_t mask)
{
    uint8x16_t s[4];
    uint16x8_t a, b;
    size_t k, r;
    for (r = 0U; r < 4U; ++r) {
        s[r] = qc_neon_bits(&w[r * stride], x, mask);
    }
    for (k = 2U; k < words; k += 2U) {
        for (r = 0U; r < 4U; ++r) {
            s[r] = vaddq_u8(s[r], qc_neon_bits(&w[(r * stride) + k], &x[k], mask));
        }
    }
    if (words <= 30U) { /* two bytes of at most 8 * 15 each still fit one */
        a = vpaddlq_u8(vpaddq_u8(s[0], s[1]));
        b = vpaddlq_u8(vpaddq_u8(s[2], s[3]));
    } else {
        a = vpaddq_u16(vpaddlq_u8(s[0]), vpaddlq_u8(s[1]));
        b = vpaddq_u16(vpaddlq_u8(s[2]), vpaddlq_u8(s[3]));
    }
    return vreinterpretq_s32_u32(vpaddlq_u16(vpaddq_u16(a, b)));
}

/* Codes less 128, which are signed bytes; zeros behind them up to the padded length. */
static inline void qc_neon_centre(const uint8_t *codes, size_t d, size_t padded, int8_t *x)
{
    size_t i;
    for (i = 0U; i < d; ++i) {
        x[i] = (int8_t)((int32_t)codes[i] - 128);
    }
    for (; i < padded; ++i) {
        x[i] = 0;
    }
}

/* Sums of w * x of four rows that are d bytes apart; d is a multiple of 16 and no weight is -128, so
 * that two products, 2 * 127 * 128, fit int16. */
static inline int32x4_t qc_neon_int8_dot4(const int8_t *w, const int8_t *x, size_t d)
{
    int32x4_t s[4];
    size_t i, r;
    for (r = 0U; r < 4U; ++r) {
        s[r] = vdupq_n_s32(0);
    }
    for (i = 0U; i < d; i += 16U) {
        const int8x16_t b = vld1q_s8(&x[i]);
        for (r = 0U; r < 4U; ++r) {
            const int8x16_t a = vld1q_s8(&w[(r * d) + i]);
#if defined(__ARM_FEATURE_DOTPROD)
            s[r] = vdotq_s32(s[r], a, b);
#else
            const int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(b));
            s[r] = vpadalq_s16(s[r], vmlal_high_s8(low, a, b));
#endif
        }
    }
    return vpaddq_s32(vpaddq_s32(s[0], s[1]), vpaddq_s32(s[2], s[3]));
}

#endif
