#include "engine/worker/slot_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"

namespace slipway::engine {

namespace {

bool HasMemory(const TensorBuffer& output) {
  return output.dtype() != DType::kUndefined && output.dtype() != DType::kString;
}

void CopyBytes(std::span<const std::byte> from, std::span<std::byte> to) {
  if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
}

Answered Nonsense(const Status& what) {
  return {.status = Internal(what.message()).With(errors::kEngineWorkerEnded), .is_nonsense = true};
}

Answered Nonsense(std::string_view what) { return Nonsense(sandbox::BrokenSpeech(what)); }

Answered ReadError(const AnswerHead& answer, const SlotHead& head) {
  if (answer.error_bytes > kMaxSlotError) return Nonsense("an error's size");
  const std::string text(head.error.data(), answer.error_bytes);
  const Result<Json> json = ParseJson(text, {.max_depth = 2, .max_bytes = kMaxSlotError});
  if (!json.ok()) return Nonsense("an error");
  Answered answered;
  const Status heard = sandbox::HearStatus(*json, answered.status);
  return heard.ok() ? std::move(answered) : Nonsense(heard);
}

Status ReadOutput(const TensorSpec& spec, const TensorView& view, TensorBuffer& output) {
  if (view.dtype != spec.dtype) return sandbox::BrokenSpeech("an output's type");
  if (HasMemory(output)) {
    if (view.shape != output.shape() || view.bytes.size() != output.bytes().size())
      return sandbox::BrokenSpeech("an output's shape");
    CopyBytes(view.bytes, output.bytes());
    return {};
  }
  SLIPWAY_TRY(output, TensorBuffer::CopyOf(view));
  return view.dtype == DType::kString ? UnpackStrings(output.view()).status() : Status();
}

/// Where a result of the engine lies in the region: it is there already, or copied there.
Result<TensorHead> PlaceOutput(const TensorSpec& spec, const TensorBuffer& output, Placing& placing,
                               std::span<std::byte> region) {
  if (output.dtype() != spec.dtype) {
    return Internal(fmt::format("output \"{}\" is {} where the model promises {}", spec.name,
                                ShortName(output.dtype()), ShortName(spec.dtype)))
        .With(errors::kEngineRunFailed);
  }
  const std::byte* const begin = output.bytes().data();
  if (begin >= region.data() && begin < region.data() + region.size())
    return HeadOf(output.dtype(), output.shape(), static_cast<std::uint64_t>(begin - region.data()),
                  output.bytes().size());
  SLIPWAY_TRY(const std::uint64_t offset, placing.Place(output.bytes().size()));
  CopyBytes(output.bytes(), region.subspan(offset));
  return HeadOf(output.dtype(), output.shape(), offset, output.bytes().size());
}

Status WriteOutputs(const Signature& signature, const ReceivedRun& run, SlotHead& head,
                    std::span<std::byte> region) {
  Placing placing(region.size(), run.free_from);
  for (std::size_t i = 0; i < run.outputs.size(); ++i) {
    SLIPWAY_TRY(head.outputs[i],
                PlaceOutput(signature.outputs[run.wanted[i]], run.outputs[i], placing, region));
  }
  return {};
}

void WriteError(const Status& status, SlotHead& head) {
  std::string text = DumpJson(sandbox::SpeakStatus(status));
  if (text.size() > kMaxSlotError) {
    text = DumpJson(sandbox::SpeakStatus(
        Status(status.code(), status.message().substr(0, sandbox::kMaxSpokenText / 4))
            .With(status.number())));
  }
  std::ranges::copy(text, head.error.begin());
  head.answer.error_bytes = static_cast<std::uint32_t>(text.size());
}

}  // namespace

Result<std::uint64_t> WriteRequest(const RunArguments& run, SlotHead& head,
                                   std::span<std::byte> region) {
  Placing placing(region.size());
  for (std::size_t i = 0; i < run.inputs.size(); ++i) {
    const TensorView& input = run.inputs[i];
    SLIPWAY_TRY(const std::uint64_t offset, placing.Place(input.bytes.size()));
    CopyBytes(input.bytes, region.subspan(offset));
    head.inputs[i] = HeadOf(input.dtype, input.shape, offset, input.bytes.size());
  }
  for (std::size_t i = 0; i < run.wanted.size(); ++i) {
    WantedHead& wanted = head.wanted[i];
    wanted.output = static_cast<std::uint32_t>(run.wanted[i]);
    wanted.in_place = HasMemory(run.outputs[i]) ? 1 : 0;
    if (wanted.in_place == 0) continue;
    const TensorBuffer& output = run.outputs[i];
    SLIPWAY_TRY(const std::uint64_t offset, placing.Place(output.bytes().size()));
    wanted.place = HeadOf(output.dtype(), output.shape(), offset, output.bytes().size());
  }
  const std::int64_t deadline_ns =
      run.limits.deadline
          ? std::chrono::nanoseconds(run.limits.deadline->time_since_epoch()).count()
          : 0;
  head.request = {.deadline_ns = deadline_ns,
                  .max_bytes = run.limits.max_bytes,
                  .free_from = placing.next(),
                  .inputs = static_cast<std::uint32_t>(run.inputs.size()),
                  .wanted = static_cast<std::uint32_t>(run.wanted.size())};
  return placing.next();
}

Answered ReadAnswer(const RunArguments& run, const SlotHead& head,
                    std::span<const std::byte> region) {
  const AnswerHead answer = CopyOnce(head.answer);
  if (answer.error_bytes > 0) return ReadError(answer, head);
  if (answer.outputs != run.wanted.size()) return Nonsense("the number of outputs");
  Answered answered;
  for (std::size_t i = 0; i < run.wanted.size(); ++i) {
    const TensorHead output = CopyOnce(head.outputs[i]);
    const Result<TensorView> view = ViewOf(output, region);
    if (!view.ok()) return Nonsense(view.status());
    answered.end = std::max(answered.end, output.offset + output.size);
    const Status read = ReadOutput(run.signature.outputs[run.wanted[i]], *view, run.outputs[i]);
    if (read.code() == Code::kResourceExhausted) return {.status = read};
    if (!read.ok()) return Nonsense(read);
  }
  return answered;
}

Result<ReceivedRun> ReadRequest(const SlotHead& head, std::span<std::byte> region) {
  const RequestHead request = CopyOnce(head.request);
  if (request.inputs > kMaxSlotTensors || request.wanted > kMaxSlotTensors)
    return sandbox::BrokenSpeech("the number of tensors");
  ReceivedRun run{.limits = {.max_bytes = request.max_bytes}, .free_from = request.free_from};
  if (request.deadline_ns != 0)
    run.limits.deadline = MonotonicTime(std::chrono::nanoseconds(request.deadline_ns));
  for (std::uint32_t i = 0; i < request.inputs; ++i) {
    SLIPWAY_TRY(const TensorView view, ViewOf(CopyOnce(head.inputs[i]), region));
    run.inputs.push_back(view);
  }
  for (std::uint32_t i = 0; i < request.wanted; ++i) {
    const WantedHead wanted = CopyOnce(head.wanted[i]);
    run.wanted.push_back(wanted.output);
    if (wanted.in_place == 0) {
      run.outputs.emplace_back();
      continue;
    }
    SLIPWAY_TRY(const TensorView place, ViewOf(wanted.place, region));
    run.outputs.push_back(TensorBuffer::Adopt(
        place.dtype, place.shape, region.subspan(wanted.place.offset, wanted.place.size), [] {}));
  }
  return run;
}

void WriteAnswer(const Signature& signature, const ReceivedRun& run, Status status, SlotHead& head,
                 std::span<std::byte> region) {
  head.answer = {.outputs = static_cast<std::uint32_t>(run.outputs.size()), .error_bytes = 0};
  if (status.ok()) status = WriteOutputs(signature, run, head, region);
  if (!status.ok()) WriteError(status, head);
}

}  // namespace slipway::engine
