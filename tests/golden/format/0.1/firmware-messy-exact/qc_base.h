/* qc_base.h: the packed word and its popcount. Part of qcompile; C99, also valid C++.
 *
 * QC_WORD_BITS is 32 or 64 and is set by the generated model.c before the first include: bit
 * i % QC_WORD_BITS of word i / QC_WORD_BITS is element i; padding bits are 0.
 */
#ifndef QC_BASE_H
#define QC_BASE_H

#include <stddef.h>
#include <stdint.h>

#if QC_WORD_BITS == 64
typedef uint64_t qc_word;
#define QC_WORD(x) UINT64_C(x)
#elif QC_WORD_BITS == 32
typedef uint32_t qc_word;
#define QC_WORD(x) UINT32_C(x)
#else
#error "define QC_WORD_BITS as 32 or 64 before including qc_base.h"
#endif

/* Each operation stays a function of its own: profiles, map files and stack reports can name it. */
#if defined(__GNUC__)
#define QC_OPERATION __attribute__((noinline))
#else
#define QC_OPERATION
#endif

/* Number of set bits; only called where the target has an instruction for it. */
static inline uint32_t qc_popcount(qc_word x)
{
#if defined(__GNUC__) && (QC_WORD_BITS == 64)
    return (uint32_t)__builtin_popcountll(x);
#elif defined(__GNUC__)
    return (uint32_t)__builtin_popcount(x);
#else
    uint32_t count = 0U;
    while (x != 0U) {
        x &= x - 1U; /* clears the lowest set bit */
        ++count;
    }
    return count;
#endif
}

#endif
