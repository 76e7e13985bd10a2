# slipway_module(ROOM FILES a.cc b.cc [TESTS a_test.cc] [LINK library...] [TEST_LINK library...])
#
# One room: the static library slipway_<room> (slashes become underscores) out of FILES, linked with every room that its row
# of src/layers.txt names and that exists, and with LINK. TESTS become one GoogleTest program <room>_tests, each test a ctest.
# Configuring fails on a room without a row and on a _test.cc that stands in no list.

# Rooms whose tests the thread sanitizer watches: the target `concurrency_tests` and the label `concurrency`.
set(SLIPWAY_CONCURRENT_ROOMS base telemetry net/socket net/http net/http2 net/client net/server access engine engine/worker registry repository serve/batch serve/model serve/predict serve/ensemble serve/remote serve/shared_memory serve/control serve/protocol serve/http serve/grpc server)
add_custom_target(concurrency_tests)

set(SLIPWAY_LAYERS_FILE ${CMAKE_SOURCE_DIR}/src/layers.txt)
set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SLIPWAY_LAYERS_FILE})
file(STRINGS ${SLIPWAY_LAYERS_FILE} SLIPWAY_LAYER_ROWS REGEX "^[^#]")

function(slipway_layer_row room out)
  foreach(row IN LISTS SLIPWAY_LAYER_ROWS)
    if(row MATCHES "^([^:]+):(.*)$" AND CMAKE_MATCH_1 STREQUAL room)
      separate_arguments(uses UNIX_COMMAND "${CMAKE_MATCH_2}")
      set(${out} "${uses}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "room ${room} has no row in src/layers.txt")
endfunction()

function(slipway_check_tests_listed)
  file(GLOB_RECURSE present RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} *_test.cc)
  foreach(file IN LISTS present)
    get_filename_component(folder ${file} DIRECTORY)
    if(folder AND EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt)
      continue()  # a room of its own, which checks itself
    endif()
    if(NOT file IN_LIST ARGN)
      message(FATAL_ERROR "${CMAKE_CURRENT_SOURCE_DIR}/${file} is in no target: add it to TESTS")
    endif()
  endforeach()
endfunction()

function(slipway_module room)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "FILES;TESTS;LINK;TEST_LINK")
  string(REPLACE "/" "_" flat ${room})
  slipway_layer_row(${room} uses)
  add_library(slipway_${flat} STATIC ${arg_FILES})
  target_include_directories(slipway_${flat} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  foreach(use IN LISTS uses)
    string(REPLACE "/" "_" flat_use ${use})
    if(EXISTS ${CMAKE_SOURCE_DIR}/src/${use}/CMakeLists.txt)
      target_link_libraries(slipway_${flat} PUBLIC slipway_${flat_use})
    endif()
  endforeach()
  target_link_libraries(slipway_${flat} PUBLIC ${arg_LINK} fmt::fmt Threads::Threads)
  slipway_check_tests_listed(${arg_TESTS})
  if(SLIPWAY_TESTS AND arg_TESTS)
    set(label unit)
    if(room IN_LIST SLIPWAY_CONCURRENT_ROOMS)
      set(label concurrency)
    endif()
    slipway_test(${flat}_tests FILES ${arg_TESTS} LINK slipway_${flat} ${arg_TEST_LINK} LABEL ${label})
    if(label STREQUAL concurrency)
      add_dependencies(concurrency_tests ${flat}_tests)
    endif()
  endif()
endfunction()

# slipway_seconds(SECONDS VARIABLE): how long a test may take that takes well below SECONDS in an ordinary build.
function(slipway_seconds seconds variable)
  math(EXPR seconds "${seconds} * ${SLIPWAY_PATIENCE}")
  set(${variable} ${seconds} PARENT_SCOPE)
endfunction()

# slipway_test(NAME FILES ... LINK ... [LABEL label] [PREFIX prefix]): a GoogleTest program whose tests ctest knows one by one, by PREFIX and their names.
function(slipway_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL;PREFIX" "FILES;LINK")
  if(NOT SLIPWAY_TESTS)
    return()
  endif()
  add_executable(${name} ${arg_FILES})
  target_link_libraries(${name} PRIVATE ${arg_LINK} GTest::gmock GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE
    SLIPWAY_TESTDATA="${CMAKE_SOURCE_DIR}/tests/data" SLIPWAY_BINARY_DIR="${CMAKE_BINARY_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  include(GoogleTest)
  slipway_seconds(120 timeout)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${arg_PREFIX}" PROPERTIES TIMEOUT ${timeout} LABELS "${arg_LABEL}"
    ENVIRONMENT "SLIPWAY_ORT_LIBRARY=${CMAKE_BINARY_DIR}/lib/libonnxruntime.so")
endfunction()

# slipway_bench(NAME FILES ... LINK ...): a micro-benchmark beside hot code, in build/<preset>/bench; it prints ratios and is run by hand.
function(slipway_bench name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL" "FILES;LINK")
  if(NOT SLIPWAY_TESTS)
    return()
  endif()
  add_executable(${name} ${arg_FILES})
  target_link_libraries(${name} PRIVATE ${arg_LINK})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endfunction()
