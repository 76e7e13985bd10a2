#pragma once

#include <memory>

#include "base/file.h"
#include "graph/onnx_file.h"

namespace slipway::importer {

/// A sink that passes everything on to `next` and, every few megabytes, gives back the memory that
/// reading `source` took: a converter that streams its weights then never holds more than a part of
/// either file. Borrows both.
std::unique_ptr<graph::WeightSink> ReleasePagesOf(const MappedFile& source,
                                                  graph::WeightSink& next);

}  // namespace slipway::importer
