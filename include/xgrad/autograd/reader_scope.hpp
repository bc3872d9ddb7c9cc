// A reader at the door for the time of a scope, which lets those who stood there before read on.
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace xgrad::inline XGRAD_ABI::detail {

/// Reads in its scope. What a derived class overrides it passes on by the function of this one.
class reader_scope : public operation_reader {
public:
    reader_scope() : m_before{std::exchange(reading, this)} {}
    ~reader_scope() override { reading = m_before; }

    void begin(const char* name) override {
        if (m_before != nullptr) m_before->begin(name);
    }
    void input(const char* name, const any_tensor& x) override {
        if (m_before != nullptr) m_before->input(name, x);
    }
    void truth(const char* name, bool value) override {
        if (m_before != nullptr) m_before->truth(name, value);
    }
    void integer(const char* name, std::int64_t value) override {
        if (m_before != nullptr) m_before->integer(name, value);
    }
    void number(const char* name, double value) override {
        if (m_before != nullptr) m_before->number(name, value);
    }
    void text(const char* name, std::string_view value) override {
        if (m_before != nullptr) m_before->text(name, value);
    }
    void integers(const char* name, std::span<const std::int64_t> values) override {
        if (m_before != nullptr) m_before->integers(name, values);
    }
    void numbers(const char* name, std::span<const double> values) override {
        if (m_before != nullptr) m_before->numbers(name, values);
    }
    void work() override {
        if (m_before != nullptr) m_before->work();
    }
    void end(std::span<const any_tensor> results, std::shared_ptr<const callable_operation> again) override {
        if (m_before != nullptr) m_before->end(results, std::move(again));
    }
    void abandon() noexcept override {
        if (m_before != nullptr) m_before->abandon();
    }

private:
    operation_reader* m_before;
};

}  // namespace xgrad::inline XGRAD_ABI::detail
