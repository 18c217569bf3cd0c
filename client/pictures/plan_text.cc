// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/plan_text.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/pictures/fill_columns.h"
#include "planner_service/text/number_text.h"

namespace recurve {
namespace {

constexpr int kMostLinkRows = 16;
constexpr int kStoreRows = 5;
constexpr int kNarrowest = 40;

// If several marks fall on one character, the last of these is shown.
enum Mark : uint8_t { kNothing, kTapes, kState, kForward, kTapedForward, kBackward };

struct Sign {
  const char* ascii;
  const char* unicode;
  const char* colour;  // of SGR
  const char* text;
};
// Distinct from the characters of walls, floors and blocks.
constexpr Sign kSigns[] = {
    {" ", " ", "", ""},          {":", "░", "33", "stored tape"},       {"=", "═", "34", "stored state"},
    {".", "·", "90", "forward"}, {"o", "○", "33", "forward with tape"}, {"#", "●", "32", "backward"}};

class Writer {
 public:
  explicit Writer(const TextLook& look) : look_(look) {}

  std::string Sign(Mark mark) const {
    return Coloured(look_.unicode ? kSigns[mark].unicode : kSigns[mark].ascii, kSigns[mark].colour);
  }
  // Without trailing blanks.
  std::string Row(const std::vector<Mark>& row) const {
    std::string text;
    const auto last = std::find_if(row.rbegin(), row.rend(), [](Mark mark) { return mark != kNothing; });
    for (auto it = row.begin(); it != last.base(); ++it) text += Sign(*it);
    return text;
  }
  const char* Wall() const { return look_.unicode ? "│" : "|"; }
  std::string Floor(int width) const {
    std::string text = look_.unicode ? "└" : "+";
    for (int i = 0; i < width; ++i) text += look_.unicode ? "─" : "-";
    return text;
  }
  std::string Coloured(const std::string& text, const char* colour) const {
    return look_.colours && text != " " ? absl::StrCat("\x1b[", colour, "m", text, "\x1b[0m") : text;
  }
  // A cell of the store whose lowest `eighths` are states.
  std::string Block(int eighths) const {
    constexpr const char* kBlocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    if (!look_.unicode) return Sign(eighths >= 4 ? kState : kNothing);
    return Coloured(kBlocks[eighths], kSigns[kState].colour);
  }

 private:
  const TextLook look_;
};

class Canvas {
 public:
  Canvas(const Timeline& timeline, int columns, int rows)
      : timeline_(timeline), columns_(columns), rows_(rows, std::vector<Mark>(columns)) {
    for (const Timeline::StoredInterval& stay : timeline.kept) Draw(stay);
    for (const Timeline::LinkSpan& stretch : timeline.work) Draw(stretch);
  }

  const std::vector<Mark>& Row(int row) const { return rows_[row]; }

 private:
  int ColumnOf(double time) const {
    return std::clamp(static_cast<int>(time / timeline_.duration * columns_), 0, columns_ - 1);
  }
  int RowOf(double position) const {
    const int rows = static_cast<int>(rows_.size());
    return std::clamp(static_cast<int>(position * rows / static_cast<double>(timeline_.links)), 0, rows - 1);
  }
  void Put(int column, int row, Mark mark) { rows_[row][column] = std::max(rows_[row][column], mark); }

  void Draw(const Timeline::StoredInterval& stay) {
    // Tapes of [from, to) fill the rows up to the one that ends at `to`.
    const double rows = static_cast<double>(rows_.size()), links = static_cast<double>(timeline_.links);
    const int last = !stay.tapes ? RowOf(stay.from)
                                 : std::max(RowOf(stay.from), static_cast<int>(std::ceil(stay.to * rows / links)) - 1);
    for (int row = RowOf(stay.from); row <= last; ++row) {
      const double middle = (row + 0.5) * links / rows;
      const double along = stay.to > stay.from ? std::clamp((middle - stay.from) / (stay.to - stay.from), 0.0, 1.0) : 0;
      const int end = ColumnOf(stay.dropped_at_from + along * (stay.dropped_at_to - stay.dropped_at_from));
      int column = ColumnOf(stay.stored_at_from + along * (stay.stored_at_to - stay.stored_at_from));
      for (; column <= end; ++column) Put(column, row, stay.tapes ? kTapes : kState);
    }
  }

  void Draw(const Timeline::LinkSpan& stretch) {
    const auto mark = static_cast<Mark>(kForward + static_cast<int>(stretch.work));
    // Two points per character that the line crosses, and at least one.
    const int columns = ColumnOf(stretch.end) - ColumnOf(stretch.begin);
    const int rows = std::abs(RowOf(stretch.to) - RowOf(stretch.from));
    const int points = 2 * (columns + rows) + 1;
    for (int i = 0; i < points; ++i) {
      const double along = (i + 0.5) / points;
      Put(ColumnOf(stretch.begin + along * (stretch.end - stretch.begin)),
          RowOf(stretch.from + along * (stretch.to - stretch.from)), mark);
    }
  }

  const Timeline& timeline_;
  const int columns_;
  std::vector<std::vector<Mark>> rows_;  // the lowest position first
};

std::vector<Timeline::Fill> Columns(const PlanFigures& figures, int columns) {
  FillColumns filled(figures.timeline.duration, columns);
  const std::vector<Timeline::Fill>& fill = figures.timeline.fill;
  for (size_t i = 0; i < fill.size(); i += 2) {
    filled.Add(fill[i], figures.Size(fill[i]), fill[i + 1], figures.Size(fill[i + 1]));
  }
  return filled.columns();
}

std::string StoreCell(const PlanFigures& figures, const Timeline::Fill& fill, double bottom, double height,
                      const Writer& writer) {
  const double states = (figures.Size({.states = fill.states}) - bottom) / height;
  const double whole = (figures.Size(fill) - bottom) / height;
  if (states < 1 && whole - std::max(0.0, states) >= 0.5) return writer.Sign(kTapes);
  return writer.Block(static_cast<int>(std::lround(8 * std::clamp(states, 0.0, 1.0))));
}

std::string AxisOfTime(const PlanFigures& figures, int columns) {
  std::string axis(columns + 1, ' ');
  const auto write = [&axis](int at, const std::string& text) {
    at = std::min(at, static_cast<int>(axis.size() - text.size()));
    if (axis.substr(at, text.size()).find_first_not_of(' ') == std::string::npos) axis.replace(at, text.size(), text);
  };
  write(0, "0");
  write(columns, absl::StrFormat("%.2fx", figures.Slowdown()));
  const double share = figures.timeline.store_all_duration / figures.timeline.duration;
  write(static_cast<int>(share * columns), "1x");
  axis.resize(axis.find_last_not_of(' ') + 1);
  return axis;
}

std::string SignLegend(const Writer& writer, const std::string& indent) {
  std::string text;
  for (const Mark mark : {kForward, kTapedForward, kBackward, kState, kTapes}) {
    absl::StrAppend(&text, text.empty() ? indent : "  ", writer.Sign(mark), " ", kSigns[mark].text);
  }
  return text + "\n";
}

}  // namespace

std::string PlanPicture(const PlanFigures& figures, const TextLook& look) {
  const Writer writer(look);
  const Timeline& timeline = figures.timeline;
  // A budget far above the peak would flatten the strip.
  const bool in_reach = figures.budget <= 2 * figures.peak;
  const double top = std::max({1.0, figures.peak, in_reach ? figures.budget : 0});
  const std::string most = CountText(timeline.links);
  const std::string full = figures.SizeText(top);
  const int margin = static_cast<int>(std::max({most.size(), full.size(), size_t{6}})) + 2;
  const int columns = std::max(look.width, kNarrowest) - margin - 2;
  const auto label = [margin](const std::string& text) { return absl::StrFormat("%*s ", margin, text); };

  const int rows = static_cast<int>(std::min<int64_t>(kMostLinkRows, timeline.links));
  const Canvas canvas(timeline, columns, rows);
  std::string text = absl::StrFormat("%*s\n", margin, "link");
  for (int row = rows; row-- > 0;) {
    absl::StrAppend(&text, label(row == rows - 1 ? most : ""), writer.Wall(), writer.Row(canvas.Row(row)), "\n");
  }
  absl::StrAppend(&text, label("0"), writer.Floor(columns), "\n");
  const std::vector<Timeline::Fill> fill = Columns(figures, columns);
  for (int row = kStoreRows; row-- > 0;) {
    absl::StrAppend(&text, label(row == kStoreRows - 1 ? full : ""), writer.Wall());
    for (const Timeline::Fill& column : fill) {
      text += StoreCell(figures, column, top / kStoreRows * row, top / kStoreRows, writer);
    }
    text += "\n";
  }
  absl::StrAppend(&text, label("stored"), writer.Floor(columns), "\n");
  absl::StrAppend(&text, label(""), AxisOfTime(figures, columns), "\n", SignLegend(writer, "  "));
  absl::StrAppend(&text, "  stored: ", writer.Block(8), " states, ", writer.Sign(kTapes), " tapes; peak ",
                  figures.SizeText(figures.peak), ", budget ", figures.SizeText(figures.budget), "\n");
  return text + "  time to the right, relative to store-all (1x)\n";
}

}  // namespace recurve
