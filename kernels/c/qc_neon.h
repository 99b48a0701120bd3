/* qc_neon.h: counting differing bits with AArch64 vector instructions. Part of qcompile. */
#ifndef QC_NEON_H
#define QC_NEON_H

#include <arm_neon.h>

#include "qc_base.h"

/* Set bits of w ^ x (or w & x), 64-bit words; per-byte counts stay below 256 for 31 vectors. */
static inline uint8x16_t qc_neon_q(const uint64_t *w, const uint64_t *x, int32_t mask)
{
    const uint8x16_t a = vreinterpretq_u8_u64(vld1q_u64(w));
    const uint8x16_t b = vreinterpretq_u8_u64(vld1q_u64(x));
    return vcntq_u8((mask != 0) ? vandq_u8(a, b) : veorq_u8(a, b));
}

static inline uint8x16_t qc_neon_d(const uint64_t *w, const uint64_t *x, int32_t mask)
{
    const uint8x8_t a = vreinterpret_u8_u64(vld1_u64(w));
    const uint8x8_t b = vreinterpret_u8_u64(vld1_u64(x));
    return vcombine_u8(vcnt_u8((mask != 0) ? vand_u8(a, b) : veor_u8(a, b)), vdup_n_u8(0U));
}

/* Counts of four rows that are stride words apart; words <= 62, so that a byte cannot overflow. */
static inline int32x4_t qc_neon_count4(const uint64_t *w, size_t stride, const uint64_t *x, size_t words, int32_t mask)
{
    uint8x16_t s[4];
    uint16x8_t a, b;
    size_t k, r;
    for (r = 0U; r < 4U; ++r) {
        s[r] = vdupq_n_u8(0U);
    }
    for (k = 0U; k + 2U <= words; k += 2U) {
        for (r = 0U; r < 4U; ++r) {
            s[r] = vaddq_u8(s[r], qc_neon_q(&w[(r * stride) + k], &x[k], mask));
        }
    }
    if (k < words) {
        for (r = 0U; r < 4U; ++r) {
            s[r] = vaddq_u8(s[r], qc_neon_d(&w[(r * stride) + k], &x[k], mask));
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

#endif
