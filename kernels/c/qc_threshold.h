/* qc_threshold.h: quantizers of deep networks. Part of qcompile; C99, also valid C++. */
#ifndef QC_THRESHOLD_H
#define QC_THRESHOLD_H

#include <stddef.h>
#include <stdint.h>

/* Number of sorted levels that are <= a (rising), by bisection: levels[0..k-1] ascending. */
static inline uint32_t qc_reached(int64_t a, const int64_t *levels, uint32_t k)
{
    uint32_t low = 0U;
    uint32_t high = k;
    while (low < high) {
        const uint32_t middle = (low + high) / 2U;
        if (levels[middle] <= a) {
            low = middle + 1U;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The same in 32 bits, where the static bound allows it. */
static inline uint32_t qc_reached32(int32_t a, const int32_t *levels, uint32_t k)
{
    uint32_t low = 0U;
    uint32_t high = k;
    while (low < high) {
        const uint32_t middle = (low + high) / 2U;
        if (levels[middle] <= a) {
            low = middle + 1U;
        } else {
            high = middle;
        }
    }
    return low;
}

#endif
