#include "serve/predict/error_text.h"

namespace slipway::serve {

std::string ErrorText(const Status& status) {
  std::string text = status.ToString();
  if (!status.hint().empty()) text.append("; ").append(status.hint());
  return text;
}

}  // namespace slipway::serve
