#define _GNU_SOURCE
#include "seccomp.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "policy.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the numbers of system calls were looked through for x86-64 and aarch64 alone"
#endif

#define CALLS 512 /* no kernel has as many; numbers beyond, such as x32's, are treated as the last */
#define INSTRUCTIONS 2048
#define COUNT(list) (sizeof(list) / sizeof *(list))

static uint32_t actions[CALLS];
static struct sock_filter program[INSTRUCTIONS];
static unsigned short length;

static void decide(const int calls[], size_t count, uint32_t action) {
    for (size_t i = 0; i < count; i++) actions[calls[i]] = action;
}

/* clone3's flags are in memory and can't be checked; without clone3, libraries use clone. */
static void decide_all(int all_memory_is_counted) {
    for (int call = 0; call < CALLS; call++) actions[call] = FAILS_WITH(ENOSYS);
    decide(allowed, COUNT(allowed), SECCOMP_RET_ALLOW);
    decide(refused, COUNT(refused), FAILS_WITH(EPERM));
    decide(pretended, COUNT(pretended), FAILS_WITH(0));
    if (!all_memory_is_counted) decide(uncounted, COUNT(uncounted), FAILS_WITH(ENOSYS));
}

static void emit(uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false) {
    program[length++] = (struct sock_filter){code, if_true, if_false, value};
}

static void emit_load(size_t offset) {
    emit(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void emit_action(uint32_t action) {
    emit(BPF_RET | BPF_K, action, 0, 0);
}

/* A condition is two instructions; if it is false, it jumps behind the rule's action. */
static void emit_rule(const struct rule *rule) {
    int left = 0;
    while (left < (int)COUNT(rule->conditions) && rule->conditions[left].comparison) left++;
    for (int i = 0; left--; i++) {
        int comparison = rule->conditions[i].comparison, behind = 2 * left + 1;
        uint16_t jump = BPF_JMP | BPF_K | (comparison == HAS_ANY_OF ? BPF_JSET : BPF_JEQ);
        emit_load(offsetof(struct seccomp_data, args) + rule->conditions[i].half * sizeof(uint32_t));
        emit(jump, rule->conditions[i].value, comparison == IS_NOT ? behind : 0,
             comparison == IS_NOT ? 0 : behind);
    }
    emit_action(rule->action);
}

static int has_rules(int call) {
    for (size_t i = 0; i < COUNT(rules); i++)
        if (rules[i].call == call) return 1;
    return 0;
}

static void emit_call(int call) {
    for (size_t i = 0; i < COUNT(rules); i++)
        if (rules[i].call == call) emit_rule(&rules[i]);
    emit_action(actions[call]);
}

/* A binary search over the first calls of runs that are treated alike. */
static void emit_search(const int runs[], int count) {
    if (count == 1) return emit_call(runs[0]);
    int half = count / 2, jump = length + 1;
    emit(BPF_JMP | BPF_JGE | BPF_K, runs[half], 0, 1);
    emit(BPF_JMP | BPF_JA, 0, 0, 0);
    emit_search(runs, half);
    program[jump].k = length - jump - 1;
    emit_search(runs + half, count - half);
}

static void emit_calls(void) {
    static int runs[CALLS];
    int count = 1;
    for (int call = 1; call < CALLS; call++)
        if (actions[call] != actions[call - 1] || has_rules(call) || has_rules(call - 1))
            runs[count++] = call;
    emit_search(runs, count);
}

/* Another architecture's numbers mean other calls; x86's int 0x80 uses those. */
static void compile_policy(int all_memory_is_counted) {
    decide_all(all_memory_is_counted);
    emit_load(offsetof(struct seccomp_data, arch));
    emit(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    emit_action(SECCOMP_RET_KILL_PROCESS);
    emit_load(offsetof(struct seccomp_data, nr));
    emit_calls();
}

int filter_system_calls(int all_memory_is_counted) {
    compile_policy(all_memory_is_counted);
    struct sock_fprog filter = {length, program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}
