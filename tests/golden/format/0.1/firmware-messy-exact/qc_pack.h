/* qc_pack.h: unsigned codes to bit planes. Part of qcompile; C99, also valid C++. */
#ifndef QC_PACK_H
#define QC_PACK_H

#include "qc_base.h"

/* Plane b, bit i  =  bit b of codes[i].   planes: bits x words, words >= ceil(d / QC_WORD_BITS).
 *
 * Four codes at a time: (c & 0x01010101) has one bit per byte; the multiplication by 0x01020408
 * moves byte k's bit to bit 24 + k, and no two products meet in one bit, so nothing carries.
 */
static inline void qc_pack_planes(const uint8_t *codes, size_t d, uint32_t bits, size_t words, qc_word *planes)
{
    size_t w, i;
    uint32_t b;
    for (w = 0U; w < words; ++w) {
        qc_word word[8];
        const size_t first = w * QC_WORD_BITS;
        const size_t left = (first < d) ? (d - first) : 0U; /* none in a word that only pads */
        const size_t count = (left < QC_WORD_BITS) ? left : QC_WORD_BITS;
        for (b = 0U; b < bits; ++b) {
            word[b] = 0U;
        }
        i = 0U;
#if QC_WORD_BITS == 64
        /* Eight at a time, the same way: byte k's bit moves to bit 56 + k. */
        for (; (i + 8U) <= count; i += 8U) {
            const uint8_t *c = &codes[first + i];
            const uint64_t eight = (uint64_t)c[0] | ((uint64_t)c[1] << 8) | ((uint64_t)c[2] << 16)
                | ((uint64_t)c[3] << 24) | ((uint64_t)c[4] << 32) | ((uint64_t)c[5] << 40)
                | ((uint64_t)c[6] << 48) | ((uint64_t)c[7] << 56);
            for (b = 0U; b < bits; ++b) {
                const uint64_t byte = (((eight >> b) & UINT64_C(0x0101010101010101))
                    * UINT64_C(0x0102040810204080)) >> 56;
                word[b] |= byte << i;
            }
        }
#endif
        for (; (i + 4U) <= count; i += 4U) {
            const uint8_t *c = &codes[first + i];
            const uint32_t four =
                (uint32_t)c[0] | ((uint32_t)c[1] << 8) | ((uint32_t)c[2] << 16) | ((uint32_t)c[3] << 24);
            for (b = 0U; b < bits; ++b) {
                const uint32_t nibble = (((four >> b) & UINT32_C(0x01010101)) * UINT32_C(0x01020408)) >> 24;
                word[b] |= (qc_word)nibble << i;
            }
        }
        for (; i < count; ++i) {
            for (b = 0U; b < bits; ++b) {
                word[b] |= (qc_word)(((uint32_t)codes[first + i] >> b) & 1U) << i;
            }
        }
        for (b = 0U; b < bits; ++b) {
            planes[(b * words) + w] = word[b];
        }
    }
}

#endif
