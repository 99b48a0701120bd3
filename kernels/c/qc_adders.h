/* qc_adders.h: counting bits without a popcount instruction. Part of qcompile; C99, also C++.
 *
 * Words are added lane by lane with full adders (three words in, two out), so that 2^k - 1 words
 * become k words; only those are counted. This is 5 operations per word where the shift-and-add
 * popcount takes 12. The generated row functions call qc_full_adder in a fixed order.
 */
#ifndef QC_ADDERS_H
#define QC_ADDERS_H

#include "qc_base.h"

#if QC_WORD_BITS == 64
#define QC_M1 QC_WORD(0x5555555555555555)
#define QC_M2 QC_WORD(0x3333333333333333)
#define QC_M4 QC_WORD(0x0f0f0f0f0f0f0f0f)
#define QC_M8 QC_WORD(0x00ff00ff00ff00ff)
#define QC_H16 QC_WORD(0x0001000100010001)
#else
#define QC_M1 QC_WORD(0x55555555)
#define QC_M2 QC_WORD(0x33333333)
#define QC_M4 QC_WORD(0x0f0f0f0f)
#define QC_M8 QC_WORD(0x00ff00ff)
#define QC_H16 QC_WORD(0x00010001)
#endif

/* a + b + c = sum + 2 carry, in every lane; returns the carry and replaces *a by the sum. */
static inline qc_word qc_full_adder(qc_word *a, qc_word b, qc_word c)
{
    const qc_word u = *a ^ b;
    const qc_word carry = b ^ (u & (b ^ c)); /* where a and b agree it is b, elsewhere c */
    *a = u ^ c;
    return carry;
}

/* a + b = sum + 2 carry. */
static inline qc_word qc_half_adder(qc_word *a, qc_word b)
{
    const qc_word carry = *a & b;
    *a ^= b;
    return carry;
}

#if QC_WORD_BITS == 32
/* Two neighbouring words in one 64-bit value: cores with LDRD read them in one instruction. */
static inline uint64_t qc_two(const qc_word *p)
{
#if defined(__GNUC__) && defined(__BYTE_ORDER__) && (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
    uint64_t both;
    (void)__builtin_memcpy(&both, p, 8U);
    return both;
#else
    return (uint64_t)p[0] | ((uint64_t)p[1] << 32);
#endif
}
#endif

/* Set bits of every group of four lanes, 0..4 in each nibble. */
static inline qc_word qc_nibbles(qc_word x)
{
    const qc_word pairs = x - ((x >> 1) & QC_M1);
    return (pairs & QC_M2) + ((pairs >> 2) & QC_M2);
}

/* Sum of neighbouring nibbles, in bytes. */
static inline qc_word qc_bytes(qc_word nibbles)
{
    return (nibbles & QC_M4) + ((nibbles >> 4) & QC_M4);
}

/* Sum of all bytes. */
static inline uint32_t qc_sum_bytes(qc_word x)
{
#if defined(__ARM_FEATURE_DSP) && (QC_WORD_BITS == 32) && defined(QC_USE_DSP)
    return __usad8(x, 0U);
#else
    const qc_word halves = (x & QC_M8) + ((x >> 8) & QC_M8);
    return (uint32_t)((halves * QC_H16) >> (QC_WORD_BITS - 16)) & UINT32_C(0xffff);
#endif
}

#endif
