#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/status.h"

namespace slipway::graph {

struct Token {
  enum class Kind : std::uint8_t {
    kEnd,
    kWord,    ///< a name or a keyword
    kValue,   ///< %name
    kString,  ///< quoted; `text` is without quotes and escapes
    kNumber,  ///< as written, a float with its f
    kMark,    ///< one of ( ) { } [ ] , : = . _ ? @ and ->
  } kind = Kind::kEnd;
  std::string text;
};

/// Cuts a graph's text into tokens, one ahead.
class TextLexer {
 public:
  explicit TextLexer(std::string_view text) : rest_(text) {}

  /// The next token, which stays. Broken text is a mark that fits nowhere.
  const Token& Peek();
  Token Take();
  /// Takes the token if it is this mark or word.
  bool TakeIf(std::string_view text);
  /// InvalidArgument with the line.
  Status Expected(std::string_view what);

 private:
  void SkipBlank();
  Token Read();
  Token ReadString(Token::Kind kind);
  Token ReadWhile(Token::Kind kind, bool (*belongs)(char));

  std::string_view rest_;
  std::size_t line_ = 1;
  bool has_token_ = false;
  Token token_;
};

}  // namespace slipway::graph
