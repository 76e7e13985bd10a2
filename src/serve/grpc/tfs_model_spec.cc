#include "serve/grpc/tfs_model_spec.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/log.h"
#include "serve/grpc/wire_text.h"
#include "serve/predict/request_rules.h"
#include "serve/predict/tfs_rules.h"

namespace slipway::serve::grpc {
namespace {

/// An Int64Value.
Result<std::int64_t> ReadVersion(const WireField& field) {
  SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kBytes));
  std::int64_t version = 0;
  SLIPWAY_RETURN_IF_ERROR(ForEachField(field.bytes, [&](const WireField& inner) -> Status {
    if (inner.number != 1) return {};
    SLIPWAY_RETURN_IF_ERROR(CheckEncoding(inner, WireType::kVarint));
    version = static_cast<std::int64_t>(inner.scalar);
    return {};
  }));
  return version;
}

Status ReadField(const WireField& field, TfsModelSpec& spec) {
  switch (field.number) {
    case 1: {
      SLIPWAY_TRY(spec.name, TakeText(field));
      return {};
    }
    case 2: {
      SLIPWAY_TRY(spec.version, ReadVersion(field));
      return {};
    }
    case 3: {
      SLIPWAY_TRY(spec.signature, TakeText(field));
      return {};
    }
    case 4: {
      SLIPWAY_TRY(spec.label, TakeText(field));
      return {};
    }
    default:
      return {};
  }
}

Status Check(const TfsModelSpec& spec) {
  SLIPWAY_RETURN_IF_ERROR(CheckModelName(spec.name));
  SLIPWAY_RETURN_IF_ERROR(tfs::CheckSignatureName(spec.signature));
  if (spec.version && !spec.label.empty())
    return FieldInvalid("a request names a version or a label, not both");
  if (spec.version && *spec.version < 0) return FieldInvalid("a version is not negative");
  if (!spec.label.empty() && !CheckModelName(spec.label).ok())
    return FieldInvalid(fmt::format("\"{}\" is not a label", Printable(spec.label, 64)));
  return {};
}

}  // namespace

Result<TfsModelSpec> ReadModelSpec(std::span<const std::byte> message) {
  TfsModelSpec spec;
  SLIPWAY_RETURN_IF_ERROR(
      ForEachField(message, [&](const WireField& field) { return ReadField(field, spec); }));
  if (Status status = Check(spec); !status.ok()) return std::move(status).At("model_spec");
  return spec;
}

Result<TfsModelSpec> ReadModelSpecOf(std::span<const std::byte> request) {
  std::span<const std::byte> message;
  SLIPWAY_RETURN_IF_ERROR(ForEachField(request, [&](const WireField& field) -> Status {
    if (field.number != 1) return {};
    SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kBytes));
    message = field.bytes;
    return {};
  }));
  return ReadModelSpec(message);
}

void WithVersion(const GrpcCall& call, const TfsModelSpec& spec,
                 std::function<void(std::optional<std::int64_t>)> then) {
  if (spec.label.empty()) return then(spec.version);
  call.aliases().Resolve(std::string(spec.name), std::string(spec.label),
                         [call, then = std::move(then)](Result<std::int64_t> version) {
                           if (!version.ok()) return call.Fail(version.status());
                           call.exchange()->Post([then, version = *version] { then(version); });
                         });
}

void WithModel(const GrpcCall& call, const TfsModelSpec& spec,
               std::function<void(ModelHandle)> then) {
  const std::uint64_t lists = call.parts().control.ListsReplaced();
  WithVersion(call, spec,
              [call, spec, lists, then = std::move(then)](std::optional<std::int64_t> version) {
                Result<ModelHandle> model = call.parts().models.Find(spec.name, version);
                if (model.ok()) return then(std::move(*model));
                if (spec.label.empty()) return call.Fail(model.status());
                // The label may have moved since it was looked up.
                const bool is_news = call.parts().control.ListsReplaced() != lists;
                if (is_news) return WithModel(call, spec, then);
                call.Fail(NotReadyByAlias(spec.label, model.status()));
              });
}

WireWriter WriteModelSpec(const ServedModel& model) {
  WireWriter version;
  version.Signed(1, model->version);
  WireWriter spec;
  spec.Text(1, model->name);
  spec.Message(2, version);
  spec.Text(3, tfs::kSignatureName);
  return spec;
}

}  // namespace slipway::serve::grpc
