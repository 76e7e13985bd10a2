#pragma once

#include <sys/mman.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "import/importer.h"

namespace slipway::import {

/// A source that holds these bytes, for tests and fuzz targets. Aborts where memory files are
/// missing.
inline Source SourceOfBytes(std::string name, std::string_view bytes) {
  const FileDescriptor file(memfd_create("source", MFD_CLOEXEC));
  if (!WriteAll(file.get(), std::as_bytes(std::span(bytes))).ok()) std::abort();
  Result<MappedFile> mapped = MappedFile::Map(file.get());
  if (!mapped.ok()) std::abort();
  return {.file = std::make_shared<const MappedFile>(std::move(mapped).value()),
          .name = std::move(name)};
}

}  // namespace slipway::import
