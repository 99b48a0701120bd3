/* qc_lut.h: dot products of one-bit weights by table lookup. Part of qcompile; C99, also C++.
 *
 * For eight inputs q[0..7] a table holds the sum for each of the 256 patterns of eight weights;
 * every row then pays one lookup per eight weights, whatever the width of the inputs. Entries are
 * int8 where eight inputs fit (eight times 15), else int16.
 *
 *   signs:  entry[w] = sum of q[i] where bit i of w is 0, minus sum where it is 1
 *   masks:  entry[w] = sum of q[i] where bit i of w is 1
 */
#ifndef QC_LUT_H
#define QC_LUT_H

#include <stddef.h>
#include <stdint.h>

/* Entries 2^i .. 2^(i+1) - 1 are entries 0 .. 2^i - 1 plus one step. */
#define QC_LUT_BUILD(name, entry_t)                                                         \
    static inline void name(entry_t *entry, const int16_t *q, int32_t signs)                \
    {                                                                                       \
        uint32_t i, w;                                                                      \
        int32_t start = 0;                                                                  \
        for (i = 0U; i < 8U; ++i) {                                                         \
            start += (signs != 0) ? (int32_t)q[i] : 0;                                      \
        }                                                                                   \
        entry[0] = (entry_t)start;                                                          \
        for (i = 0U; i < 8U; ++i) {                                                         \
            const uint32_t half = (uint32_t)1U << i;                                        \
            const int32_t step = (signs != 0) ? (-2 * (int32_t)q[i]) : (int32_t)q[i];       \
            for (w = 0U; w < half; ++w) {                                                   \
                entry[half + w] = (entry_t)((int32_t)entry[w] + step);                      \
            }                                                                               \
        }                                                                                   \
    }

QC_LUT_BUILD(qc_lut_build_i8, int8_t)
QC_LUT_BUILD(qc_lut_build_i16, int16_t)

/* One chunk of 32 inputs: rows x 4 weight bytes, four tables of 256 entries. */
#define QC_LUT_CHUNK(name, entry_t)                                                         \
    static inline void name(const entry_t *t, const uint8_t *w, size_t rows, int32_t factor, int32_t *acc) \
    {                                                                                       \
        const entry_t *t0 = &t[0];                                                          \
        const entry_t *t1 = &t[256];                                                        \
        const entry_t *t2 = &t[512];                                                        \
        const entry_t *t3 = &t[768];                                                        \
        size_t j;                                                                           \
        for (j = 0U; j < rows; ++j) {                                                       \
            const int32_t sum = (int32_t)t0[w[0]] + (int32_t)t1[w[1]] + (int32_t)t2[w[2]]   \
                + (int32_t)t3[w[3]];                                                        \
            acc[j] += factor * sum;                                                         \
            w += 4;                                                                         \
        }                                                                                   \
    }

QC_LUT_CHUNK(qc_lut_chunk_i8, int8_t)
QC_LUT_CHUNK(qc_lut_chunk_i16, int16_t)

#endif
