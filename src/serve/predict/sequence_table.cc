#include "serve/predict/sequence_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error_catalogue.h"
#include "serve/predict/sequence_tensors.h"

namespace slipway::serve {
namespace {

const SequenceBatching& ConfigOf(const ServedModel& model) {
  return *model->config.sequence_batching;
}

Status NotStarted(const InferRequest& request) {
  return InvalidArgument(
             fmt::format("sequence {} of model \"{}\" is not known: the first request of a "
                         "sequence must specify sequence_start",
                         ToString(request.sequence.id), (*request.model)->name))
      .With(errors::kRequestFieldInvalid)
      .Hint("it has not begun, has ended, or was not used for longer than its model allows");
}

Status Full(std::string message) {
  return Unavailable(std::move(message)).With(errors::kQueueFull);
}

}  // namespace

struct SequenceTable::Sequence {
  std::deque<SequenceTurn> line;
  std::vector<TensorBuffer> states;
  std::uint64_t state_bytes = 0;
  bool is_started = false;
  bool is_busy = false;  ///< somebody runs its turns
  MonotonicTime used;
};

Result<SequenceTable::SequenceHandle> SequenceTable::Join(SequenceTurn& turn, MonotonicTime now) {
  const ModelHandle& model = turn.request.model;
  const SequenceStep& step = turn.request.sequence;
  const std::lock_guard lock(mutex_);
  OfModel& of_model = SequencesOf(model);
  auto found = of_model.sequences.find(step.id);
  if (found != of_model.sequences.end() && IsOver(of_model, *found->second, now))
    Reset(*found->second);
  if (found == of_model.sequences.end()) {
    if (!step.is_start) return NotStarted(turn.request);
    SLIPWAY_RETURN_IF_ERROR(MakeRoom(of_model, *model, now));
    found = of_model.sequences.emplace(step.id, std::make_shared<Sequence>()).first;
  }
  const SequenceHandle& sequence = found->second;
  const bool may_run = step.is_start || sequence->is_busy || sequence->is_started;
  if (!may_run) return NotStarted(turn.request);
  if (sequence->line.size() >= limits_.max_waiting)
    return Full(fmt::format("{} requests of sequence {} wait already", limits_.max_waiting,
                            ToString(step.id)));
  // Whoever runs it later is on another thread, perhaps.
  if (sequence->is_busy) turn.request.loop.reset();
  sequence->line.push_back(std::move(turn));
  if (sequence->is_busy) return SequenceHandle();
  sequence->is_busy = true;
  return sequence;
}

std::optional<SequenceTable::Begun> SequenceTable::Next(const SequenceHandle& sequence,
                                                        MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  if (sequence->line.empty()) {
    sequence->is_busy = false;
    sequence->used = now;
    return std::nullopt;
  }
  Begun begun{.turn = std::move(sequence->line.front()), .states = {}, .refusal = {}};
  sequence->line.pop_front();
  const SequenceStep& step = begun.turn.request.sequence;
  if (step.is_start) {
    Reset(*sequence);
  } else if (!sequence->is_started) {
    begun.refusal = NotStarted(begun.turn.request);
    return begun;
  }
  begun.states = std::exchange(sequence->states, {});
  return begun;
}

Status SequenceTable::Advance(const SequenceHandle& sequence, std::vector<TensorBuffer> states,
                              bool is_end) {
  const std::lock_guard lock(mutex_);
  sequence->is_started = !is_end;
  if (is_end) {
    Reset(*sequence);
    return {};
  }
  const std::uint64_t others = state_bytes_ - sequence->state_bytes;
  if (BytesOf(states) > limits_.max_state_bytes - std::min(others, limits_.max_state_bytes)) {
    Reset(*sequence);
    return Full(fmt::format("the states of all sequences are larger than {} bytes",
                            limits_.max_state_bytes));
  }
  SetStates(*sequence, std::move(states));
  return {};
}

void SequenceTable::Restore(const SequenceHandle& sequence, std::vector<TensorBuffer> states,
                            bool was_start) {
  const std::lock_guard lock(mutex_);
  if (was_start) return Reset(*sequence);
  SetStates(*sequence, std::move(states));
}

bool SequenceTable::EndIdle(MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  for (auto& [key, of_model] : models_) EndIdleOf(of_model, now);
  std::erase_if(models_, [](const auto& row) { return row.second.sequences.empty(); });
  return !models_.empty();
}

std::size_t SequenceTable::size() const {
  const std::lock_guard lock(mutex_);
  std::size_t size = 0;
  for (const auto& [key, of_model] : models_) size += of_model.sequences.size();
  return size;
}

/// A model that came to the address of one that is gone does not get its sequences.
SequenceTable::OfModel& SequenceTable::SequencesOf(const ModelHandle& model) {
  OfModel& of_model = models_[model.get()];
  const bool is_it = !of_model.model.owner_before(model) && !model.owner_before(of_model.model);
  if (is_it) return of_model;
  for (auto& [id, sequence] : of_model.sequences) Reset(*sequence);
  of_model = {.model = model, .max_idle = ConfigOf(*model).max_idle, .sequences = {}};
  return of_model;
}

bool SequenceTable::IsOver(const OfModel& of_model, const Sequence& sequence,
                           MonotonicTime now) const {
  if (sequence.is_busy) return false;
  return !sequence.is_started || now - sequence.used >= of_model.max_idle;
}

void SequenceTable::EndIdleOf(OfModel& of_model, MonotonicTime now) {
  const bool is_gone = of_model.model.expired();
  std::erase_if(of_model.sequences, [&](const auto& row) {
    const bool is_over = IsOver(of_model, *row.second, now) || (is_gone && !row.second->is_busy);
    if (is_over) Reset(*row.second);
    return is_over;
  });
}

Status SequenceTable::MakeRoom(OfModel& of_model, const ServedModel& model, MonotonicTime now) {
  const std::size_t configured = ConfigOf(model).max_candidates;
  const std::size_t most =
      configured > 0 ? std::min(configured, limits_.max_sequences) : limits_.max_sequences;
  if (of_model.sequences.size() < most) return {};
  EndIdleOf(of_model, now);
  if (of_model.sequences.size() < most) return {};
  return Full(fmt::format("{} sequences of model \"{}\" go on already", most, model->name))
      .Hint("try again when one has ended");
}

void SequenceTable::SetStates(Sequence& sequence, std::vector<TensorBuffer> states) {
  sequence.states = std::move(states);
  state_bytes_ -= sequence.state_bytes;
  sequence.state_bytes = BytesOf(sequence.states);
  state_bytes_ += sequence.state_bytes;
}

void SequenceTable::Reset(Sequence& sequence) {
  SetStates(sequence, {});
  sequence.is_started = false;
}

}  // namespace slipway::serve
