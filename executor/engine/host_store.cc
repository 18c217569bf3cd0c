// SPDX-License-Identifier: Apache-2.0
#include "executor/engine/host_store.h"

#include <algorithm>
#include <utility>

namespace recurve {

HostStore::HostStore(Backend& backend, Arena* arena) : backend_(backend), arena_(arena) {
  if (arena_ != nullptr) states_.reserve(arena_->max_pieces());
}

void HostStore::Begin(const Schedule& schedule) {
  if (arena_ == nullptr) return;
  if (schedule_ != &schedule) {
    ahead_.emplace(schedule);
    schedule_ = &schedule;
  }
  ahead_->Rewind();
  FindNext();
}

void HostStore::End() {
  AwaitStore();
  if (fetch_.buffer != nullptr) backend_.Await(std::exchange(fetch_, {}).transfer);
  while (!states_.empty()) Discard(states_.back().state);
}

bool HostStore::Store(int64_t state, int64_t bytes, const std::byte* from) {
  if (arena_ == nullptr || (!states_.empty() && states_.back().state >= state)) return false;
  std::byte* data = arena_->Push(MemoryKind::kStates, bytes);
  if (data == nullptr) return false;
  AwaitStore();
  states_.push_back({.state = state, .bytes = bytes, .data = data});
  storing_ = from;
  backend_.BeginPhase(Phase::kStates);
  store_ = backend_.StartStore(from, bytes, data);
  return true;
}

bool HostStore::Discard(int64_t state) {
  if (states_.empty() || states_.back().state != state) return false;
  // A copy that still accesses this memory finishes before a later one starts.
  states_.pop_back();
  arena_->Pop();
  return true;
}

void HostStore::Release(const std::byte* memory) {
  if (storing_ == memory) AwaitStore();
}

bool HostStore::CanFetch() const { return fetch_.buffer == nullptr && next_ && Find(*next_) != nullptr; }

void HostStore::StartFetch(std::byte* buffer) {
  const Stored& next = *Find(*next_);
  backend_.BeginPhase(Phase::kStates);
  fetch_ = {.state = next.state, .buffer = buffer, .transfer = backend_.StartFetch(next.data, next.bytes, buffer)};
  FindNext();
}

const std::byte* HostStore::FinishFetch(int64_t state) {
  if (fetch_.buffer == nullptr || fetch_.state != state) return nullptr;
  backend_.Await(fetch_.transfer);
  return std::exchange(fetch_, {}).buffer;
}

const HostStore::Stored* HostStore::Find(int64_t state) const {
  const auto found = std::lower_bound(states_.begin(), states_.end(), state,
                                      [](const Stored& stored, int64_t wanted) { return stored.state < wanted; });
  return found != states_.end() && found->state == state ? &*found : nullptr;
}

void HostStore::FindNext() {
  next_.reset();
  while (const std::optional<Action> action = ahead_->Next()) {
    if (action->kind != Action::Kind::kCopy || action->level != Level::kHost) continue;
    next_ = action->begin;
    return;
  }
}

void HostStore::AwaitStore() {
  if (storing_ == nullptr) return;
  backend_.Await(store_);
  storing_ = nullptr;
}

}  // namespace recurve
