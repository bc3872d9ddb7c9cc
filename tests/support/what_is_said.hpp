// The sentence of an exception.
#pragma once

#include <exception>
#include <string>

/// What the exception says that f throws; "" where it throws none.
template <class F>
std::string what_is_said(const F& f) {
    try {
        f();
    } catch (const std::exception& error) {
        return error.what();
    }
    return "";
}
