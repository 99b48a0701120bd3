"""Start-up under QEMU: rows from standard input, scores and labels to standard output.

    _start           puts the stack on an array of our own ; nothing before it is needed
    qc_start_main    read a row, paint the stack, call the model, measure the stack, write the scores

At the end the deepest stack use of the last row goes to standard error, four bytes, little endian.
"""

from __future__ import annotations

from qcompile.backends.artifact import Artifact
from qcompile.run.native_c import driver_words

__all__ = ["start_text"]

TEXT = """
#include "@header@"
#define STACK_BYTES 65536
#define PATTERN 0xa5U
long qc_start_call(long number, long a, long b, long c);
#if defined(__riscv) /* Linux system calls of QEMU's user mode */
enum { READ = 63, WRITE = 64, EXIT = 93 };
#define MOVE "mv"
__asm__(".text\\n.globl _start\\n.type _start, @function\\n_start:\\n la sp, qc_start_stack_top\\n"
        " call qc_start_main\\n.size _start, . - _start\\n"
        ".globl qc_start_call\\n.type qc_start_call, @function\\nqc_start_call:\\n mv a7, a0\\n mv a0, a1\\n"
        " mv a1, a2\\n mv a2, a3\\n ecall\\n ret\\n.size qc_start_call, . - qc_start_call\\n");
#else /* semihosting of QEMU's boards: files named ":tt"; the float unit is switched on */
enum { READ = 6, WRITE = 5, EXIT = 0x18, OPEN = 1 };
#define MOVE "mov"
__asm__(".syntax unified\\n.text\\n.thumb\\n"
        ".globl _start\\n.thumb_func\\n.type _start, %function\\n_start:\\n"
        " ldr r0, =qc_start_stack_top\\n mov sp, r0\\n ldr r0, =0xe000ed88\\n"
        " ldr r1, [r0]\\n orr r1, r1, #0xf00000\\n str r1, [r0]\\n dsb\\n isb\\n"
        " bl qc_start_main\\n.ltorg\\n.size _start, . - _start\\n"
        ".globl qc_start_host\\n.thumb_func\\n.type qc_start_host, %function\\nqc_start_host:\\n"
        " bkpt 0xab\\n bx lr\\n.size qc_start_host, . - qc_start_host\\n");
long qc_start_host(long number, const void *words);
long qc_start_call(long number, long a, long b, long c)
{
    static long handle[3];
    long words[3];
    if (number == EXIT) {
        return qc_start_host(EXIT, (const void *)0x20026);
    }
    if (handle[a] == 0) { /* modes "r", "w" and "a" of ":tt" are standard input, output and error */
        words[0] = (long)":tt";
        words[1] = a * 4;
        words[2] = 3;
        handle[a] = qc_start_host(OPEN, words);
    }
    words[0] = handle[a];
    words[1] = b;
    words[2] = c;
    return c - qc_start_host(number, words); /* the host answers what it did not transfer */
}
#endif

__attribute__((aligned(16))) unsigned char qc_start_stack[STACK_BYTES];
__asm__(".globl qc_start_stack_top\\n.set qc_start_stack_top, qc_start_stack + 65536\\n");

static @prefix@_scratch scratch;
static @kind@ row[@length@];
static @prefix@_score_t scores[@upper@_SCORES];

static int qc_start_read(void)
{
    unsigned char *to = (unsigned char *)row;
    unsigned long have = 0;
    while (have < sizeof row) {
        const long got = qc_start_call(READ, 0, (long)(to + have), (long)(sizeof row - have));
        if (got <= 0) {
            return 0;
        }
        have += (unsigned long)got;
    }
    return 1;
}

void qc_start_main(void);
void qc_start_main(void)
{
    unsigned used = 0U;
    int32_t label = 0;
    while (qc_start_read() != 0) {
        volatile unsigned char *low = qc_start_stack;
        unsigned char *here;
        __asm__ volatile(MOVE " %0, sp" : "=r"(here));
        while ((unsigned char *)low < here) {
            *low++ = PATTERN;
        }
        @call@(row, scores, &scratch);
        low = qc_start_stack;
        while (*low == PATTERN) {
            ++low;
        }
        used = (unsigned)(here - (unsigned char *)low);
        (void)qc_start_call(WRITE, 1, (long)scores, (long)sizeof scores);
#if @labels@
        label = @prefix@_label(scores);
#endif
        (void)qc_start_call(WRITE, 1, (long)&label, 4);
    }
    (void)qc_start_call(WRITE, 2, (long)&used, 4);
    (void)qc_start_call(EXIT, 0, 0, 0);
    for (;;) {
    }
}
"""


def start_text(artifact: Artifact) -> str:
    """C text of the start-up for one model."""
    text = TEXT
    assert artifact.program is not None
    labels = str(int("label" in artifact.program.outputs))
    for word, value in {**driver_words(artifact), "labels": labels}.items():
        text = text.replace(f"@{word}@", value)
    return text
