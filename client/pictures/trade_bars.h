// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_TRADE_BARS_H_
#define RECURVE_CLIENT_PICTURES_TRADE_BARS_H_

#include <string>
#include <vector>

#include "client/pictures/plan_figures.h"

namespace recurve {

// One side of the trade: what a plan takes of something, beside what keeping everything takes.
struct Trade {
  const char* title;
  double whole, ours;
  std::string whole_text, ours_text;
};

std::vector<Trade> TradesOf(const PlanFigures& figures);  // memory, time

// A trade as two bars, one above the other.
inline constexpr double kTradeWidth = 390;
inline constexpr double kTradeHeight = 72;
std::string TradeBars(const Trade& trade, double x, double y);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_TRADE_BARS_H_
