/* Contracts of the core's small functions for Frama-C WP, the second prover.
 *
 *     frama-c -wp -wp-rte -wp-prover z3 -wp-fct … c/contracts.c       (acsl.py runs it)
 *
 * Unlike ESBMC it unrolls nothing and knows no number of channels.
 */
#include "stopline_core.h"

/*@ assigns \nothing;
  @ ensures \result == cs * 10 && \result <= 655350; */
static uint32_t ms_of(uint16_t cs);

/*@ requires age_ms <= SL_MOST_AGE_MS && by_ms <= SL_MOST_STEP_MS;
  @ assigns \nothing;
  @ ensures \result <= SL_MOST_AGE_MS && \result >= age_ms;
  @ ensures age_ms + by_ms <= SL_MOST_AGE_MS ==> \result == age_ms + by_ms; */
static uint32_t older(uint32_t age_ms, uint32_t by_ms);

/*@ requires step_ms <= SL_MOST_STEP_MS;
  @ assigns \nothing;
  @ ensures !now ==> \result == 0;
  @ ensures now && ms < 2000 ==> \result == ms + step_ms;
  @ ensures \result <= 2000 + SL_MOST_STEP_MS; */
static uint16_t seen_for(uint16_t ms, uint8_t now, uint32_t step_ms);

/*@ requires \valid(channel) && interval <= SL_FLASHING;
  @ assigns channel->interval, channel->age_ms;
  @ ensures channel->interval == interval && channel->age_ms == 0; */
static void show(sl_channel_state *channel, sl_interval interval);

/*@ requires \valid(channel) && ped <= SL_PED_DARK;
  @ assigns channel->ped, channel->ped_age_ms;
  @ ensures channel->ped == ped && channel->ped_age_ms == 0; */
static void show_ped(sl_channel_state *channel, sl_ped ped);

/* Walk and clearance end when their time is served and not before. */
/*@ requires \valid(channel) && \valid_read(row) && \separated(row, channel);
  @ assigns channel->ped, channel->ped_age_ms;
  @ ensures \old(channel->ped) == SL_WALK && \old(channel->ped_age_ms) < row->walk_cs * 10 ==> channel->ped == SL_WALK;
  @ ensures \old(channel->ped) == SL_WALK ==> channel->ped == SL_WALK || channel->ped == SL_PED_CLEARANCE;
  @ ensures \old(channel->ped) == SL_PED_CLEARANCE && \old(channel->ped_age_ms) < row->ped_clearance_cs * 10
  @         ==> channel->ped == SL_PED_CLEARANCE; */
static void step_ped(const sl_channel *row, sl_channel_state *channel);

/* Green, yellow and clearance end when their time is served and not before, and each into the next. */
/*@ requires \valid(channel) && \valid_read(row) && \separated(row, channel);
  @ assigns channel->interval, channel->age_ms, channel->ped, channel->ped_age_ms;
  @ ensures \old(channel->interval) == SL_RED ==> channel->interval == SL_RED;
  @ ensures \old(channel->interval) == SL_GREEN ==> channel->interval == SL_GREEN || channel->interval == SL_YELLOW;
  @ ensures \old(channel->interval) == SL_GREEN && (kept || \old(channel->age_ms) < row->min_green_cs * 10)
  @         ==> channel->interval == SL_GREEN;
  @ ensures \old(channel->interval) == SL_GREEN && \old(channel->ped) == SL_WALK ==> channel->interval == SL_GREEN;
  @ ensures \old(channel->interval) == SL_YELLOW
  @         ==> (channel->interval == SL_YELLOW <==> \old(channel->age_ms) < row->yellow_cs * 10);
  @ ensures \old(channel->interval) == SL_YELLOW && channel->interval != SL_YELLOW
  @         ==> channel->interval == (row->red_clearance_cs ? SL_CLEARANCE : SL_RED);
  @ ensures \old(channel->interval) == SL_CLEARANCE
  @         ==> (channel->interval == SL_CLEARANCE <==> \old(channel->age_ms) < row->red_clearance_cs * 10); */
static uint8_t step_interval(const sl_channel *row, sl_channel_state *channel, uint8_t kept);

/*@ requires \valid_read(row);
  @ assigns \nothing;
  @ ensures \result == SL_TABLE_OK ==> row->min_green_cs >= 300 && 300 <= row->yellow_cs <= 600
  @         && row->red_clearance_cs <= 600;
  @ ensures \result == SL_TABLE_OK && row->walk_cs != 0 ==> row->walk_cs >= 400 && row->ped_clearance_cs >= 300;
  @ ensures \result == SL_TABLE_OK && row->walk_cs == 0 ==> row->ped_clearance_cs == 0; */
static sl_table_fault check_times(const sl_channel *row);

/*@ requires \valid_read(row) && \valid_read(channel);
  @ assigns \nothing;
  @ ensures \result && channel->interval == SL_YELLOW ==> channel->age_ms < row->yellow_cs * 10;
  @ ensures \result && channel->ped != SL_DONT_WALK ==> channel->interval == SL_GREEN;
  @ ensures \result ==> channel->interval <= SL_CLEARANCE; */
static uint8_t channel_is_consistent(const sl_channel *row, const sl_channel_state *channel);

#include "stopline_core.c"
