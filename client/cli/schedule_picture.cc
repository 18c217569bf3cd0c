// SPDX-License-Identifier: Apache-2.0
#include "client/cli/schedule_picture.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace recurve {
namespace {

constexpr char kForward = '.';
constexpr char kTaped = 'o';
constexpr char kBackward = '#';

// What hides what, where several things fall on one character.
int Rank(char c) { return c == kBackward ? 3 : c == kTaped ? 2 : c == kForward ? 1 : 0; }

struct Canvas {
  int width, height;
  double time, links;  // of the whole schedule
  std::vector<std::string> rows = std::vector<std::string>(height, std::string(width, ' '));

  void Put(double at, double link, char c) {
    const int x = std::min(width - 1, static_cast<int>(at / time * width));
    const int y = std::min(height - 1, static_cast<int>(link / links * height));
    char& place = rows[height - 1 - y][x];
    if (Rank(c) > Rank(place)) place = c;
  }

  // A straight line over `count` links, from the middle of `link` on, up or down.
  void Draw(double at, double link, int direction, int64_t count, char c) {
    const auto points = std::min<int64_t>(count, 4 * (width + height));
    for (int64_t i = 0; i < points; ++i) {
      const double along = (static_cast<double>(i) + 0.5) / static_cast<double>(points) * static_cast<double>(count);
      Put(at + along, link + direction * along, c);
    }
  }
};

int64_t DurationOf(const Schedule& schedule) {
  int64_t time = 0;
  ScheduleWalk walk(schedule);
  while (const std::optional<Action> action = walk.Next()) {
    if (action->kind == Action::Kind::kForward || action->kind == Action::Kind::kReverse) {
      time += action->end - action->begin;
    }
  }
  return time;
}

}  // namespace

std::string SchedulePicture(const Schedule& schedule, int width, int height) {
  const auto rows = static_cast<int>(std::min<int64_t>(height, schedule.length()));
  Canvas canvas{.width = width,
                .height = rows,
                .time = static_cast<double>(DurationOf(schedule)),
                .links = static_cast<double>(schedule.length())};
  double now = 0;
  ScheduleWalk walk(schedule);
  while (const std::optional<Action> action = walk.Next()) {
    const int64_t count = action->end - action->begin;
    if (action->kind == Action::Kind::kForward) {
      canvas.Draw(now, static_cast<double>(action->begin), 1, count,
                  action->tape == Action::Tape::kNone ? kForward : kTaped);
      now += static_cast<double>(count);
    } else if (action->kind == Action::Kind::kReverse) {
      canvas.Draw(now, static_cast<double>(action->end), -1, count, kBackward);
      now += static_cast<double>(count);
    }
  }
  std::string text;
  for (const std::string& row : canvas.rows) text += "  |" + row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
  text += "  +" + std::string(width, '-') + "> time\n";
  text += "   . forward   o forward with tape   # backward   (first link at the bottom)\n";
  return text;
}

}  // namespace recurve
