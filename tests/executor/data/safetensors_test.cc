// SPDX-License-Identifier: Apache-2.0
#include "executor/data/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <limits>
#include <random>
#include <thread>

#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;

std::string LittleEndian(uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  return bytes;
}

std::string FileOf(const std::string& header, const std::string& data) {
  return LittleEndian(header.size()) + header + data;
}

std::vector<uint32_t> Bits(const std::vector<float>& values) {
  std::vector<uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<uint32_t>(value));
  return bits;
}

Safetensors Example() {
  return {.metadata = {{"recurve", R"({"hidden": 8, "quote": "\""})"}, {"empty", ""}},
          .tensors = {{"z.first", {2, 3}, {1, -2, 3.5F, 0, -0.0F, 1e-42F}},
                      {"nothing", {0, 7}, {}},
                      {"a.\xC3\xA9", {1}, {std::numeric_limits<float>::quiet_NaN()}},
                      {"scalar", {}, {std::numeric_limits<float>::infinity()}}}};
}

void ExpectSame(const Safetensors& a, const Safetensors& b) {
  EXPECT_EQ(a.metadata, b.metadata);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    EXPECT_EQ(a.tensors[i].name, b.tensors[i].name);
    EXPECT_EQ(a.tensors[i].shape, b.tensors[i].shape);
    EXPECT_EQ(Bits(a.tensors[i].values), Bits(b.tensors[i].values));
  }
}

TEST(Safetensors, RoundTripKeepsEveryBit) {
  const ScratchDirectory scratch;
  const std::string path = scratch.File("model.safetensors");
  ASSERT_TRUE(WriteSafetensors(path, Example()).ok());
  auto read = ReadSafetensors(path);
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectSame(*read, Example());
  EXPECT_EQ(scratch.Count(), 1);

  ASSERT_TRUE(WriteSafetensors(path, {}).ok());
  read = ReadSafetensors(path);
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectSame(*read, {});
}

// What the format's own definition says, byte by byte.
TEST(Safetensors, WritesTheFormat) {
  const ScratchDirectory scratch;
  const std::string path = scratch.File("t");
  ASSERT_TRUE(WriteSafetensors(path, {.tensors = {{"w", {2}, {1.0F, -2.0F}}}}).ok());
  std::string header = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  header.append((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(ReadFile(path), FileOf(header, std::string("\0\0\x80\x3F\0\0\0\xC0", 8)));
}

TEST(Safetensors, ReadsTensorsInTheOrderOfTheirData) {
  const ScratchDirectory scratch;
  const std::string path =
      scratch.Write("t", FileOf(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},)"
                                R"("b":{"data_offsets":[0,4],"shape":[1],"dtype":"F32"}, "__metadata__":{"k":"v"}}   )",
                                std::string("\0\0\x80\x3F\0\0\0\x40", 8)));
  auto read = ReadSafetensors(path);
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectSame(*read, {.metadata = {{"k", "v"}}, .tensors = {{"b", {1}, {1.0F}}, {"a", {1}, {2.0F}}}});
}

TEST(Safetensors, RefusesHostileFiles) {
  const ScratchDirectory scratch;
  const std::string data(16, '\x01');
  const auto tensor = [](const std::string& fields) { return R"({"w":{)" + fields + "}}"; };
  const std::string good = R"("dtype":"F32","shape":[4],"data_offsets":[0,16])";
  ASSERT_TRUE(ReadSafetensors(scratch.Write("good", FileOf(tensor(good), data))).ok());

  const std::vector<std::pair<std::string, std::string>> cases = {
      {"empty file", ""},
      {"seven bytes", "1234567"},
      {"no header", LittleEndian(0)},
      {"huge header", LittleEndian(UINT64_MAX) + "{}"},
      {"negative header", LittleEndian(uint64_t{1} << 63) + "{}"},
      {"header past the end", LittleEndian(3) + "{}"},
      {"not JSON", FileOf("{", data)},
      {"not UTF-8", FileOf("{\"\xFF\":1}", data)},
      {"an array", FileOf("[]", "")},
      {"a number", FileOf("7", "")},
      {"trailing text", FileOf("{} {}", "")},
      {"deep", FileOf(std::string(1 << 20, '['), "")},
      {"deep objects", FileOf(R"({"w":{"a":{"a":{"a":{"a":{"a":1}}}}}})", "")},
      {"metadata of numbers", FileOf(R"({"__metadata__":{"a":1}})", "")},
      {"metadata that is a list", FileOf(R"({"__metadata__":[]})", "")},
      {"the same name twice", FileOf(R"({"w":{)" + good + R"(},"w":{)" + good + "}}", data)},
      {"the same field twice", FileOf(tensor(good + R"(,"dtype":"F32")"), data)},
      {"a field too many", FileOf(tensor(good + R"(,"more":1)"), data)},
      {"tensor is a number", FileOf(R"({"w":3})", data)},
      {"no dtype", FileOf(tensor(R"("shape":[4],"data_offsets":[0,16])"), data)},
      {"other dtype", FileOf(tensor(R"("dtype":"F64","shape":[2],"data_offsets":[0,16])"), data)},
      {"dtype is a number", FileOf(tensor(R"("dtype":32,"shape":[4],"data_offsets":[0,16])"), data)},
      {"shape is a string", FileOf(tensor(R"("dtype":"F32","shape":"4","data_offsets":[0,16])"), data)},
      {"negative shape", FileOf(tensor(R"("dtype":"F32","shape":[-4],"data_offsets":[0,16])"), data)},
      {"fractional shape", FileOf(tensor(R"("dtype":"F32","shape":[4.0],"data_offsets":[0,16])"), data)},
      {"shape overflows",
       FileOf(tensor(R"("dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,16])"), data)},
      {"shape above 2^63",
       FileOf(tensor(R"("dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,16])"), data)},
      {"shape too small", FileOf(tensor(R"("dtype":"F32","shape":[3],"data_offsets":[0,16])"), data)},
      {"one offset", FileOf(tensor(R"("dtype":"F32","shape":[4],"data_offsets":[0])"), data)},
      {"offsets backwards", FileOf(tensor(R"("dtype":"F32","shape":[4],"data_offsets":[16,0])"), data)},
      {"offsets past the end", FileOf(tensor(R"("dtype":"F32","shape":[5],"data_offsets":[0,20])"), data)},
      {"offsets near 2^64",
       FileOf(tensor(R"("dtype":"F32","shape":[4],"data_offsets":[18446744073709551600,18446744073709551615])"), data)},
      {"negative offset", FileOf(tensor(R"("dtype":"F32","shape":[4],"data_offsets":[-16,0])"), data)},
      {"odd bytes", FileOf(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,6])"), data)},
      {"overlap", FileOf(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},)"
                         R"("b":{"dtype":"F32","shape":[3],"data_offsets":[4,16]}})",
                         data)},
      {"hole", FileOf(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                      R"("b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})",
                      data)},
      {"data left over", FileOf(tensor(R"("dtype":"F32","shape":[3],"data_offsets":[0,12])"), data)},
      {"truncated data", FileOf(tensor(good), data.substr(1))},
  };
  for (const auto& [name, bytes] : cases) {
    const absl::Status status = ReadSafetensors(scratch.Write("hostile", bytes)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name << ": " << status;
    EXPECT_THAT(status.ToString(), HasSubstr("hostile is not a readable safetensors file")) << name;
    EXPECT_THAT(status.ToString(), Not(HasSubstr("\n"))) << name;
  }
}

// Any change of one byte is refused or read; it never crashes.
TEST(Safetensors, SurvivesDamage) {
  const ScratchDirectory scratch;
  const std::string path = scratch.File("t");
  ASSERT_TRUE(WriteSafetensors(path, Example()).ok());
  const std::string whole = ReadFile(path);
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = whole;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    if (i % 4 == 0) damaged.resize(random() % damaged.size());
    scratch.Write("damaged", damaged);
    (void)ReadSafetensors(scratch.File("damaged"));
  }
}

TEST(Safetensors, SaysWhatCannotBeRead) {
  const ScratchDirectory scratch;
  EXPECT_EQ(ReadSafetensors(scratch.File("missing")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadSafetensors(scratch.path()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadSafetensors("/dev/zero").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Safetensors, RefusesToWriteWhatItWouldNotRead) {
  const ScratchDirectory scratch;
  const std::string path = scratch.File("t");
  EXPECT_FALSE(WriteSafetensors(path, {.tensors = {{"w", {3}, {1, 2}}}}).ok());
  EXPECT_FALSE(WriteSafetensors(path, {.tensors = {{"w", {1}, {1}}, {"w", {1}, {2}}}}).ok());
  EXPECT_FALSE(WriteSafetensors(path, {.tensors = {{"__metadata__", {1}, {1}}}}).ok());
  EXPECT_EQ(scratch.Count(), 0);
}

// A reader that looks at any time sees one whole file or the other.
TEST(Safetensors, ReplacesAFileAtOnce) {
  const ScratchDirectory scratch;
  const std::string path = scratch.File("t");
  const auto file = [](float value) {
    return Safetensors{.tensors = {{"w", {1000}, std::vector<float>(1000, value)}}};
  };
  ASSERT_TRUE(WriteSafetensors(path, file(0)).ok());
  std::atomic<bool> done = false;
  std::jthread writer([&] {
    for (int i = 1; i <= 100; ++i) EXPECT_TRUE(WriteSafetensors(path, file(static_cast<float>(i % 2))).ok());
    done = true;
  });
  do {
    auto read = ReadSafetensors(path);
    ASSERT_TRUE(read.ok()) << read.status();
    const std::vector<float>& values = read->tensors[0].values;
    ASSERT_EQ(values, std::vector<float>(1000, values[0]));
  } while (!done);
}

// The digest of no bytes and of the bytes of 1.0f, as every SHA-256 tool prints them.
TEST(Sha256Hex, IsTheDigestOfTheValues) {
  EXPECT_EQ(Sha256Hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const std::string one = Sha256Hex({{"w", {1}, {1.0F}}});
  EXPECT_EQ(one, "e00e5eb9444182f352323374ef4e08ebcb784725fdd4fd612d7730540b3e0c8c");
  EXPECT_EQ(Sha256Hex({{"a", {1}, {1.0F}}, {"b", {0}, {}}}), one);
  EXPECT_EQ(Sha256Hex({{"a", {2}, {1.0F, 2.0F}}}), Sha256Hex({{"a", {1}, {1.0F}}, {"b", {1}, {2.0F}}}));
  EXPECT_NE(Sha256Hex({{"a", {2}, {1.0F, 2.0F}}}), Sha256Hex({{"a", {2}, {2.0F, 1.0F}}}));
}

}  // namespace
}  // namespace recurve
