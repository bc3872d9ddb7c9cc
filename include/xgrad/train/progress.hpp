// How far the training is: one line that rewrites itself on a terminal, plain lines elsewhere.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/train/progress_line.hpp>
#include <xgrad/train/terminal.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>

namespace xgrad::inline XGRAD_ABI::train {

struct progress_options {
    std::size_t epochs = 1;
    std::size_t samples = 0;        ///< in one epoch
    const char* unit = "images";    ///< what a sample is, in the plural
    std::FILE* out = stdout;
};

/// Shows loss, accuracy, speed and time left while a model learns:
///
///     auto progress = train::progress{{.epochs = 5, .samples = 60000}};
///     for (...) {
///         progress.begin_epoch();
///         for (...) progress.step(batch_size, loss.item(), count_correct(out, y));
///         progress.end_epoch();
///     }
///
/// Loss and accuracy are means over the epoch so far. On a terminal a line with a bar is drawn again at most
/// ten times a second, without any escape code; into a file or a pipe goes one line for each epoch.
class progress {
public:
    explicit progress(progress_options options)
        : m_out{options.out}, m_live{is_terminal(options.out)} {
        m_state.epochs = options.epochs;
        m_state.samples = options.samples;
        m_state.unit = options.unit;
    }
    /// Leaves what is printed next a line of its own: an error in the middle of an epoch.
    ~progress() {
        if (m_shown != 0) print("\n");
    }
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;

    /// From here to `end_epoch` the clock runs.
    void begin_epoch() {
        ++m_state.epoch;
        m_state.done = m_state.correct = 0;
        m_state.loss_sum = 0;
        m_seconds_before = m_state.seconds;
        m_begin = m_drawn = clock::now();
    }

    /// A batch of that many samples is done; `loss` is its mean loss, `correct` how many were recognised.
    void step(std::size_t samples, double loss, std::size_t correct) {
        m_state.done += samples;
        m_state.correct += correct;
        m_state.loss_sum += loss * static_cast<double>(samples);
        const auto now = clock::now();
        if (!m_live || now - m_drawn < std::chrono::milliseconds{100}) return;
        m_drawn = now;
        take_time();
        show(detail::progress_line(m_state, terminal_width(m_out) - 1));   // the last column would wrap
    }

    void end_epoch() {
        take_time();
        show(detail::epoch_line(m_state, m_state.seconds - m_seconds_before));
        print("\n");
        m_shown = 0;
    }

    /// The mean loss and the accuracy of the current or last epoch.
    double loss() const noexcept { return m_state.mean_loss(); }
    double accuracy() const noexcept { return m_state.accuracy(); }

private:
    using clock = std::chrono::steady_clock;

    void take_time() {
        m_state.seconds = m_seconds_before + std::chrono::duration<double>(clock::now() - m_begin).count();
    }

    /// Writes `line` over the last one, of which blanks remove the rest.
    void show(std::string line) {
        const auto length = line.size();
        if (m_live) {
            if (length < m_shown) line.append(m_shown - length, ' ');
            m_shown = length;
        }
        print(m_live ? std::string{'\r'} + line : line);
    }

    void print(const std::string& text) {
        std::fwrite(text.data(), 1, text.size(), m_out);
        std::fflush(m_out);
    }

    std::FILE* m_out;
    bool m_live;
    std::size_t m_shown = 0;   // the length of the line that stands on the terminal
    detail::progress_state m_state;
    double m_seconds_before = 0;
    clock::time_point m_begin{}, m_drawn{};
};

}  // namespace xgrad::train
