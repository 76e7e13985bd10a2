#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "tensor/signature.h"

namespace slipway::cli {

/// A curl line for a model's infer route that works as it stands in a shell. Small inputs stand in
/// the line; larger ones are written to FOLDER/NAME.json, which the line names. `curl`: the
/// program and what it always takes, "curl -s"; `url`: "http://127.0.0.1:8080".
Result<std::string> MakeCurlLine(const std::string& curl, const std::string& url,
                                 const std::string& model, const Signature& signature,
                                 const std::string& folder);

/// The body of a request that the model should take: one row, numbers with two decimals.
Result<std::string> MakeRequestBody(const Signature& signature);

}  // namespace slipway::cli
