/* qc_onnx_operator.h: a fused network as a custom operator of ONNX Runtime. Part of qcompile; C99.
 *
 * The packages of ONNX Runtime come without headers. What an operator needs of them is small and is
 * written down here: the runtime hands over a table of functions of which version 1 is frozen ("size of
 * version 1 API cannot change" is asserted in its own source: ReleaseCustomOpDomain is entry 101), so the
 * eleven places used below hold in every release since. The operator's own table is that of version 11,
 * which every later runtime accepts; an older runtime is refused with a sentence.
 *
 * The file that includes this one defines, before it:
 *   QC_NAME        name of the operator, a string
 *   QC_FEATURES    columns of a row
 *   QC_SCORES      scores of an answer
 *   QC_KERNEL      void QC_KERNEL(const float *rows, int64_t count, int64_t *scores)
 *   QC_DECIDES     1: the second output is the index of the first largest score (of one score: its sign)
 *   QC_RUNS_HERE   an expression, nonzero where this processor has the instructions of the kernel
 *   QC_CPU         the processor it was compiled for, a string
 */
#ifndef QC_ONNX_OPERATOR_H
#define QC_ONNX_OPERATOR_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#error "the operator is for ELF and Mach-O systems: calling convention and locks are theirs"
#endif

#if defined(__x86_64__)
#include <cpuid.h>
/* Whether cpuid leaf 7 reports all these bits and the system keeps these registers (xgetbv). */
static inline int qc_has(unsigned ebx, unsigned ecx, unsigned kept)
{
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1))
        return 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & kept) == kept && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & ebx) == ebx
           && (c & ecx) == ecx;
}
#endif

typedef void *qc_status; /* NULL: no error */
typedef void (*qc_entry)(void);

typedef struct {
    const qc_entry *(*get_api)(uint32_t version);
    const char *(*get_version)(void);
} qc_api_base;

/* Places in the table of functions, all of its version 1. */
enum {
    QC_CREATE_STATUS = 0,
    QC_CREATE_DOMAIN = 26,
    QC_DOMAIN_ADD = 27,
    QC_ADD_DOMAIN = 28,
    QC_TENSOR_DATA = 51,
    QC_DIMENSIONS_COUNT = 61,
    QC_DIMENSIONS = 62,
    QC_TYPE_AND_SHAPE = 65,
    QC_CONTEXT_INPUT = 90,
    QC_CONTEXT_OUTPUT = 91,
    QC_RELEASE_SHAPE = 99
};

#define QC_CALL(place, result, ...) ((result(*)(__VA_ARGS__))qc_api[place])

enum { QC_VERSION = 11, QC_FLOAT = 1, QC_INT64 = 7, QC_FAIL = 1 };

/* The operator as the runtime reads it: version 11 of its table. */
typedef struct qc_operator {
    uint32_t version;
    void *(*create)(const struct qc_operator *, const qc_entry *, const void *);
    const char *(*name)(const struct qc_operator *);
    const char *(*provider)(const struct qc_operator *);
    int (*input_type)(const struct qc_operator *, size_t);
    size_t (*inputs)(const struct qc_operator *);
    int (*output_type)(const struct qc_operator *, size_t);
    size_t (*outputs)(const struct qc_operator *);
    void (*compute)(void *, void *);
    void (*destroy)(void *);
    int (*input_kind)(const struct qc_operator *, size_t);
    int (*output_kind)(const struct qc_operator *, size_t);
} qc_operator;

static const qc_entry *qc_api;
static char qc_busy; /* the kernel has one workspace; sessions of several threads take turns */

static void *qc_create(const qc_operator *self, const qc_entry *api, const void *info)
{
    (void)api, (void)info;
    return (void *)(uintptr_t)self; /* no state: any pointer that is not NULL */
}
static const char *qc_name(const qc_operator *self) { return (void)self, QC_NAME; }
static const char *qc_provider(const qc_operator *self) { return (void)self, (const char *)NULL; }
static int qc_input_type(const qc_operator *self, size_t k) { return (void)self, (void)k, QC_FLOAT; }
static size_t qc_inputs(const qc_operator *self) { return (void)self, 1; }
static int qc_output_type(const qc_operator *self, size_t k) { return (void)self, (void)k, QC_INT64; }
static size_t qc_outputs(const qc_operator *self) { return (void)self, 1 + QC_DECIDES; }
static int qc_kind(const qc_operator *self, size_t k) { return (void)self, (void)k, 0; /* required */ }
static void qc_destroy(void *kernel) { (void)kernel; }

/* Rows of a (rows, QC_FEATURES) tensor; -1 where it has another shape. */
static int64_t qc_rows(const void *value)
{
    void *shape = NULL;
    size_t rank = 0;
    int64_t sizes[2] = {-1, -1};
    if (QC_CALL(QC_TYPE_AND_SHAPE, qc_status, const void *, void **)(value, &shape))
        return -1;
    if (!QC_CALL(QC_DIMENSIONS_COUNT, qc_status, const void *, size_t *)(shape, &rank) && rank == 2
        && QC_CALL(QC_DIMENSIONS, qc_status, const void *, int64_t *, size_t)(shape, sizes, 2))
        sizes[1] = -1;
    QC_CALL(QC_RELEASE_SHAPE, void, void *)(shape);
    return sizes[1] == QC_FEATURES ? sizes[0] : -1;
}

static int64_t *qc_result(void *context, size_t k, const int64_t *sizes, size_t rank)
{
    void *value = NULL, *data = NULL;
    if (QC_CALL(QC_CONTEXT_OUTPUT, qc_status, void *, size_t, const int64_t *, size_t, void **)(
            context, k, sizes, rank, &value)
        || !value || QC_CALL(QC_TENSOR_DATA, qc_status, void *, void **)(value, &data))
        return NULL;
    return (int64_t *)data;
}

/* This version of the table has no way to report an error: an output that is not made is one. */
static void qc_compute(void *kernel, void *context)
{
    const void *value = NULL;
    void *data = NULL;
    (void)kernel;
    if (QC_CALL(QC_CONTEXT_INPUT, qc_status, const void *, size_t, const void **)(context, 0, &value)
        || !value)
        return;
    const int64_t rows = qc_rows(value);
    if (rows < 0 || QC_CALL(QC_TENSOR_DATA, qc_status, void *, void **)((void *)(uintptr_t)value, &data))
        return;
    const int64_t sizes[2] = {rows, QC_SCORES};
    int64_t *scores = qc_result(context, 0, sizes, 2);
    if (!scores && rows)
        return;
    if (rows) {
        while (__atomic_test_and_set(&qc_busy, __ATOMIC_ACQUIRE)) {
        }
        QC_KERNEL((const float *)data, rows, scores);
        __atomic_clear(&qc_busy, __ATOMIC_RELEASE);
    }
#if QC_DECIDES
    int64_t *index = qc_result(context, 1, sizes, 1);
    if (!index)
        return;
    for (int64_t i = 0; i < rows; i++) {
        const int64_t *row = scores + i * QC_SCORES;
        int64_t best = QC_SCORES == 1 ? row[0] >= 0 : 0;
        for (int64_t c = 1; c < QC_SCORES; c++)
            if (row[c] > row[best])
                best = c;
        index[i] = best;
    }
#endif
}

/* The entry point that a session asks for. */
__attribute__((visibility("default"))) qc_status RegisterCustomOps(void *options, const qc_api_base *base)
{
    static const qc_operator operation = {
        QC_VERSION, qc_create, qc_name, qc_provider, qc_input_type, qc_inputs,
        qc_output_type, qc_outputs, qc_compute, qc_destroy, qc_kind, qc_kind,
    };
    void *domain = NULL;
    qc_status status;
    qc_api = base->get_api(QC_VERSION);
    if (!qc_api) {
        qc_api = base->get_api(1);
        return QC_CALL(QC_CREATE_STATUS, qc_status, int, const char *)(
            QC_FAIL, "this library needs ONNX Runtime 1.11 or newer");
    }
    if (!(QC_RUNS_HERE))
        return QC_CALL(QC_CREATE_STATUS, qc_status, int, const char *)(
            QC_FAIL, "this library was compiled for " QC_CPU ", which has instructions that this processor lacks");
    status = QC_CALL(QC_CREATE_DOMAIN, qc_status, const char *, void **)("qcompile", &domain);
    if (!status)
        status = QC_CALL(QC_DOMAIN_ADD, qc_status, void *, const void *)(domain, &operation);
    if (!status)
        status = QC_CALL(QC_ADD_DOMAIN, qc_status, void *, void *)(options, domain);
    return status; /* the domain must outlive every session, so it is never released */
}

#endif
