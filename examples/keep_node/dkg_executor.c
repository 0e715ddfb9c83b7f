#include "dkg_executor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CONFIRMATION_BLOCKS 20
#define CHALLENGE_RETRY_BLOCKS 20
#define MAX_LOCAL_MEMBERS 10

struct dkg_executor {
    block_clock *clock;
    channel_manager *channels;
    dice dice;
    otm_keep_recorder_ref recorder;
    _Atomic uint64_t aborted;
    _Atomic uint64_t running;
};

/* Measured wholly or not at all: with the recorder it began with. */
typedef struct generation {
    dkg_executor *executor;
    otm_keep_recorder *recorder;
    dkg_plan plan;
    int64_t start_ns;
    _Atomic unsigned members_left; /* whoever ends as the last submits the result */
    unsigned challenges_left;
    char channel_name[80];
} generation;

typedef struct member {
    generation *generation;
    bool fails;
} member;

dkg_executor *dkg_executor_create(block_clock *clock, channel_manager *channels, uint64_t seed)
{
    dkg_executor *executor = node_alloc(sizeof *executor);
    executor->clock = clock;
    executor->channels = channels;
    dice_init(&executor->dice, seed);
    otm_keep_recorder_ref_init(&executor->recorder);
    return executor;
}

void dkg_executor_destroy(dkg_executor *executor)
{
    otm_keep_recorder_ref_fini(&executor->recorder);
    free(executor);
}

void dkg_executor_set_metrics_recorder(dkg_executor *executor, otm_keep_recorder *recorder)
{
    (void)otm_keep_recorder_ref_set(&executor->recorder, recorder);
}

uint64_t dkg_executor_aborted(const dkg_executor *executor)
{
    return executor->aborted;
}

uint64_t dkg_executor_running(const dkg_executor *executor)
{
    return executor->running;
}

/* -- Result -------------------------------------------------------------------------------------------------------- */

static void end_generation(generation *g)
{
    channel_manager_close(g->executor->channels, g->channel_name);
    otm_keep_recorder_release(g->recorder);
    free(g);
}

/* Tried again until the chain has left the challenge state, so one bad result can give several. */
static void challenge(void *subject, int64_t now_ns)
{
    generation *g = subject;
    (void)otm_keep_recorder_increment(g->recorder, OTM_KEEP_DKG_CHALLENGES_SUBMITTED_TOTAL, 1);
    if (--g->challenges_left == 0) {
        end_generation(g);
        return;
    }
    block_clock_at(g->executor->clock, now_ns + BLOCKS(CHALLENGE_RETRY_BLOCKS), challenge, g);
}

static void approve(void *subject, int64_t now_ns)
{
    (void)now_ns;
    generation *g = subject;
    (void)otm_keep_recorder_increment(g->recorder, OTM_KEEP_DKG_APPROVALS_SUBMITTED_TOTAL, 1);
    end_generation(g);
}

static void validate(void *subject, int64_t now_ns)
{
    generation *g = subject;
    dice *d = &g->executor->dice;
    (void)otm_keep_recorder_increment(g->recorder, OTM_KEEP_DKG_VALIDATION_TOTAL, 1);
    if (g->plan == DKG_WITH_INVALID_RESULT || (g->plan == DKG_BY_CHANCE && dice_chance(d, 0.1))) {
        g->challenges_left = 1 + dice_below(d, 3);
        challenge(g, now_ns);
    } else if (g->plan == DKG_WITH_VALID_RESULT || dice_chance(d, 0.2)) {
        block_clock_at(g->executor->clock, now_ns + BLOCKS(11520), approve, g); /* after the challenge period */
    } else {
        end_generation(g); /* somebody else approves it */
    }
}

/* -- Members ------------------------------------------------------------------------------------------------------- */

static void member_gone(generation *g, int64_t now_ns)
{
    if (g->recorder != NULL) {
        g->executor->running--;
    }
    if (atomic_fetch_sub(&g->members_left, 1) == 1) {
        block_clock_at(g->executor->clock, now_ns + dice_time(&g->executor->dice, 12, 240), validate, g);
    }
}

static void end_member(void *subject, int64_t now_ns)
{
    member *m = subject;
    generation *g = m->generation;
    if (m->fails) {
        (void)otm_keep_recorder_increment(g->recorder, OTM_KEEP_DKG_FAILED_TOTAL, 1);
    }
    (void)otm_keep_recorder_record_ns(g->recorder, OTM_KEEP_DKG_DURATION_SECONDS, now_ns - g->start_ns);
    free(m);
    member_gone(g, now_ns);
}

/* Usually some minutes, at times up to the end of the attempt. */
static int64_t draw_duration(dice *d)
{
    return dice_chance(d, 0.1) ? dice_time(d, 900, 2532) : dice_time(d, 250, 900);
}

static void start_member(generation *g, unsigned index, net_channel *channel, int64_t now_ns)
{
    dkg_executor *executor = g->executor;
    bool must_fail = g->plan == DKG_WITH_INVALID_RESULT && index == 0; /* in the protocol, not before */
    if (!must_fail && dice_chance(&executor->dice, 0.02)) { /* it could not set up its channel: no duration */
        executor->aborted += g->recorder != NULL ? 1 : 0;
        member_gone(g, now_ns);
        return;
    }
    member *m = node_alloc(sizeof *m);
    m->generation = g;
    m->fails = must_fail || dice_chance(&executor->dice, 0.05);
    int64_t end_ns = now_ns + draw_duration(&executor->dice);
    channel_open_context(channel, now_ns, end_ns, 1, 25);
    block_clock_at(executor->clock, end_ns, end_member, m);
}

static void join(void *subject, int64_t now_ns)
{
    generation *g = subject;
    dkg_executor *executor = g->executor;
    unsigned members = 1 + dice_below(&executor->dice, MAX_LOCAL_MEMBERS);
    g->recorder = otm_keep_recorder_ref_retain(&executor->recorder);
    g->start_ns = now_ns;
    g->members_left = members;
    (void)otm_keep_recorder_increment(g->recorder, OTM_KEEP_DKG_JOINED_TOTAL, members);
    executor->running += g->recorder != NULL ? members : 0;
    net_channel *channel = channel_manager_get(executor->channels, g->channel_name);
    for (unsigned i = 0; i < members; i++) {
        start_member(g, i, channel, now_ns);
    }
    channel_release(channel);
}

void dkg_executor_start(dkg_executor *executor, int64_t now_ns, dkg_plan plan)
{
    generation *g = node_alloc(sizeof *g);
    g->executor = executor;
    g->plan = plan;
    uint64_t s[4] = {dice_draw(&executor->dice), dice_draw(&executor->dice), dice_draw(&executor->dice),
                     dice_draw(&executor->dice)};
    (void)snprintf(g->channel_name, sizeof g->channel_name,
                   "tbtc-%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, s[0], s[1], s[2], s[3]);
    block_clock_at(executor->clock, now_ns + BLOCKS(CONFIRMATION_BLOCKS), join, g);
}
