#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "base/status.h"

namespace slipway::package {

/// The fields of one JSON object of a package file, read by name and type. Borrows the document.
/// Every error is InvalidArgument (kInvalidPackage) with the field's path as its place.
class JsonFields {
 public:
  /// An object with no other fields than `known`.
  static Result<JsonFields> Of(const Json& json, std::string_view path,
                               std::initializer_list<std::string_view> known);

  /// nullptr if there is no such field.
  const Json* Find(std::string_view name) const;

  Result<std::string> String(std::string_view name) const;
  /// "" if there is no such field.
  Result<std::string> OptionalString(std::string_view name) const;
  /// 0 to 2^63-1.
  Result<std::int64_t> Count(std::string_view name) const;
  /// Empty if there is no such field.
  Result<std::vector<std::string>> OptionalStrings(std::string_view name) const;
  /// The field itself, of any type.
  Result<const Json*> Required(std::string_view name) const;

  std::string PathOf(std::string_view name) const;

 private:
  JsonFields(const Json& json, std::string_view path) : json_(&json), path_(path) {}
  const Json* json_;
  std::string path_;
};

/// InvalidArgument (kInvalidPackage) at `path`.
Status InvalidField(std::string_view path, std::string message);

/// The array's elements, every one a string.
Result<std::vector<std::string>> StringsOf(const Json& json, std::string_view path);

}  // namespace slipway::package
