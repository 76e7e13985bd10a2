#pragma once

#include "serve/http/api_call.h"

// Triton's log and trace settings: decode, use case, encode.
namespace slipway::serve::settings {

void ShowLog(const ApiCall& call);
void ChangeLog(const ApiCall& call);
/// Of the {model} of the path, or of all.
void ShowTraces(const ApiCall& call);
void ChangeTraces(const ApiCall& call);

}  // namespace slipway::serve::settings
