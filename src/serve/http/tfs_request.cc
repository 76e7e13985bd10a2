#include "serve/http/tfs_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "serve/http/json_reader.h"
#include "serve/predict/tfs_rules.h"

namespace slipway::serve::tfs {
namespace {

constexpr TensorJsonRules kRules{.non_finite = true, .base64 = true};
constexpr std::size_t kShownBytes = 64;

using Kind = JsonReader::Kind;

Status ReadSignatureName(JsonReader& reader) {
  SLIPWAY_TRY(const std::string_view name, reader.ReadString());
  const Status status = CheckSignatureName(name);
  return status.ok() ? Status() : reader.Invalid(status.message());
}

/// Goes over the fields of a request; `read` reads the value of a field it knows and says so.
template <class Read>
Status ReadFields(JsonReader& reader, Read read) {
  if (reader.Peek() == Kind::kEnd) {
    return InvalidArgument("JSON Parse error: The document is empty at byte 0")
        .With(errors::kRequestNotJson);
  }
  SLIPWAY_RETURN_IF_ERROR(reader.EnterObject());
  while (true) {
    SLIPWAY_TRY(const std::optional<std::string_view> key, reader.NextKey());
    if (!key.has_value()) break;
    if (*key == "signature_name") {
      SLIPWAY_RETURN_IF_ERROR(ReadSignatureName(reader));
      continue;
    }
    SLIPWAY_TRY(const bool is_known, read(*key));
    if (!is_known) SLIPWAY_RETURN_IF_ERROR(reader.Skip());
  }
  return reader.Finish();
}

/// The inputs of a model, filled value by value.
class Columns {
 public:
  Columns(const Signature& signature, Request& request)
      : signature_(signature), request_(request), is_filled_(signature.inputs.size(), false) {
    for (const TensorSpec& spec : signature.inputs)
      request.tensors.emplace_back(spec.dtype, kRules);
  }

  /// The next value belongs to the model's only input.
  Status AppendOnly(JsonReader& reader) {
    if (signature_.inputs.size() == 1) return request_.tensors[0].Append(reader);
    return reader.Invalid(
        fmt::format("the model has {} inputs: every value must be an object with their names: {}",
                    signature_.inputs.size(), Names()));
  }

  /// Reads one object with a value for each input, or for some of them.
  Status AppendNamed(JsonReader& reader) {
    SLIPWAY_RETURN_IF_ERROR(reader.EnterObject());
    while (true) {
      SLIPWAY_TRY(const std::optional<std::string_view> key, reader.NextKey());
      if (!key.has_value()) return {};
      const std::optional<std::size_t> index = IndexOf(*key);
      if (!index.has_value()) {
        return reader
            .Invalid(fmt::format("the model has no input \"{}\"; it has: {}",
                                 Printable(*key, kShownBytes), Names()))
            .With(errors::kTensorNameUnknown);
      }
      if (is_filled_[*index]) return reader.Invalid("an example repeats a feature of the context");
      is_filled_[*index] = true;
      SLIPWAY_RETURN_IF_ERROR(request_.tensors[*index].Append(reader));
    }
  }

  /// After the objects of one row: all inputs have a value.
  Status CloseRow(const JsonReader& reader) {
    const auto missing = std::ranges::find(is_filled_, false);
    if (missing != is_filled_.end()) {
      const auto index = static_cast<std::size_t>(missing - is_filled_.begin());
      return reader.Invalid(fmt::format("input \"{}\" is missing", signature_.inputs[index].name));
    }
    is_filled_.assign(is_filled_.size(), false);
    return {};
  }

  /// True for {"b64": ...} where one input of strings may take it as a value.
  bool IsEncodedString(JsonReader reader) const {
    if (signature_.inputs.size() != 1 || signature_.inputs[0].dtype != DType::kString) return false;
    if (!reader.EnterObject().ok()) return false;
    const auto key = reader.NextKey();
    return key.ok() && *key == "b64";
  }

 private:
  std::optional<std::size_t> IndexOf(std::string_view name) const {
    const auto found = std::ranges::find(signature_.inputs, name, &TensorSpec::name);
    if (found == signature_.inputs.end()) return std::nullopt;
    return static_cast<std::size_t>(found - signature_.inputs.begin());
  }

  std::string Names() const {
    std::string names;
    for (const TensorSpec& spec : signature_.inputs)
      names.append(names.empty() ? "" : ", ").append(spec.name);
    return Printable(names);
  }

  const Signature& signature_;
  Request& request_;
  std::vector<bool> is_filled_;
};

Result<Shape> WithRows(std::int64_t rows, const Shape& row) {
  std::vector<std::int64_t> dims = {rows};
  dims.insert(dims.end(), row.dims().begin(), row.dims().end());
  return Shape::Make(dims);
}

Status ReadInstances(JsonReader& reader, const Signature& signature, Request& request) {
  Columns columns(signature, request);
  SLIPWAY_RETURN_IF_ERROR(reader.EnterArray());
  std::int64_t rows = 0;
  std::optional<bool> are_named;
  for (;; ++rows) {
    SLIPWAY_TRY(const bool has_row, reader.NextElement());
    if (!has_row) break;
    const bool is_named = reader.Peek() == Kind::kObject && !columns.IsEncodedString(reader);
    if (are_named.value_or(is_named) != is_named)
      return reader.Invalid("instances are all objects or all plain values");
    are_named = is_named;
    if (!is_named) {
      SLIPWAY_RETURN_IF_ERROR(columns.AppendOnly(reader));
      continue;
    }
    SLIPWAY_RETURN_IF_ERROR(columns.AppendNamed(reader));
    SLIPWAY_RETURN_IF_ERROR(columns.CloseRow(reader));
  }
  if (rows == 0) return reader.Invalid("\"instances\" is empty", "/instances");
  for (std::size_t i = 0; i < signature.inputs.size(); ++i) {
    SLIPWAY_TRY(const Shape shape, WithRows(rows, request.tensors[i].row_shape()));
    request.inputs.push_back({signature.inputs[i].name, request.tensors[i].View(shape)});
  }
  return {};
}

Status ReadColumns(JsonReader& reader, const Signature& signature, Request& request) {
  Columns columns(signature, request);
  if (reader.Peek() == Kind::kObject && !columns.IsEncodedString(reader)) {
    SLIPWAY_RETURN_IF_ERROR(columns.AppendNamed(reader));
    SLIPWAY_RETURN_IF_ERROR(columns.CloseRow(reader));
  } else {
    SLIPWAY_RETURN_IF_ERROR(columns.AppendOnly(reader));
  }
  for (std::size_t i = 0; i < signature.inputs.size(); ++i) {
    const TensorBuilder& tensor = request.tensors[i];
    request.inputs.push_back({signature.inputs[i].name, tensor.View(tensor.row_shape())});
  }
  return {};
}

Status ReadExamples(JsonReader& examples, const std::optional<JsonReader>& context,
                    const Signature& signature, Request& request) {
  Columns columns(signature, request);
  SLIPWAY_RETURN_IF_ERROR(examples.EnterArray());
  while (true) {
    SLIPWAY_TRY(const bool has_example, examples.NextElement());
    if (!has_example) break;
    if (context.has_value()) {
      JsonReader again = *context;
      SLIPWAY_RETURN_IF_ERROR(columns.AppendNamed(again));
    }
    SLIPWAY_RETURN_IF_ERROR(columns.AppendNamed(examples));
    SLIPWAY_RETURN_IF_ERROR(columns.CloseRow(examples));
    ++request.examples;
  }
  if (request.examples == 0) return examples.Invalid("\"examples\" is empty", "/examples");
  return {};
}

}  // namespace

Status DecodePredict(std::string_view body, const Signature& signature, Request& request) {
  JsonReader reader(body, request.strings);
  bool is_read = false;
  SLIPWAY_RETURN_IF_ERROR(ReadFields(reader, [&](std::string_view key) -> Result<bool> {
    if (key != "instances" && key != "inputs") return false;
    if (std::exchange(is_read, true))
      return reader.Invalid("the request has both \"instances\" and \"inputs\"");
    request.is_row_form = key == "instances";
    SLIPWAY_RETURN_IF_ERROR(request.is_row_form ? ReadInstances(reader, signature, request)
                                                : ReadColumns(reader, signature, request));
    return true;
  }));
  if (is_read) return {};
  return reader.Invalid("the request has neither \"instances\" nor \"inputs\"");
}

Status DecodeExamples(std::string_view body, const Signature& signature, Request& request) {
  JsonReader reader(body, request.strings);
  std::optional<JsonReader> examples;  // where the value begins
  std::optional<JsonReader> context;
  SLIPWAY_RETURN_IF_ERROR(ReadFields(reader, [&](std::string_view key) -> Result<bool> {
    if (key != "examples" && key != "context") return false;
    (key == "examples" ? examples : context) = reader;
    SLIPWAY_RETURN_IF_ERROR(reader.Skip(JsonReader::Words::kNonFinite));
    return true;
  }));
  if (!examples.has_value()) return reader.Invalid("the request has no \"examples\"");
  SLIPWAY_RETURN_IF_ERROR(ReadExamples(*examples, context, signature, request));
  for (std::size_t i = 0; i < signature.inputs.size(); ++i) {
    SLIPWAY_TRY(const Shape shape,
                ShapeOfFeature(signature.inputs[i], request.tensors[i].elements(),
                               request.tensors[i].row_shape(), request.examples));
    request.inputs.push_back({signature.inputs[i].name, request.tensors[i].View(shape)});
  }
  return {};
}

}  // namespace slipway::serve::tfs
